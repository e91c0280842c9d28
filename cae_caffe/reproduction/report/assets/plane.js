"use strict";
// What the map shows and where: sprites, the view on the plane, and drawing. map.js has the user's part.

// Small pictures in one: tile `index` is drawn into a canvas' whole area.
class Sprite {
  constructor(data) {
    this.width = data.width;
    this.height = data.height;
    this.columns = data.columns;
    this.image = new Image();
    this.image.src = "data:image/png;base64," + data.png;
  }

  corner(index) {
    return [(index % this.columns) * this.width, Math.floor(index / this.columns) * this.height];
  }

  show(index, canvas) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.image, ...this.corner(index), this.width, this.height, 0, 0, canvas.width, canvas.height);
  }
}

// The part of the plane that is in sight, and how places in it and pixels of a square of `size` belong together.
class View {
  constructor(plane) {
    this.whole = {x: plane.x, y: plane.y};
    this.cells = plane.cells;
    this.size = 1;
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.left = 0;      // of the part in sight, as shares of the whole, from the left and from the top
    this.top = 0;
  }

  // Zoom by `factor` so that what lies at the pixel stays there.
  by(factor, px, py) {
    const zoom = Math.min(12, Math.max(1, this.zoom * factor));
    this.left += (px / this.size) * (1 / this.zoom - 1 / zoom);
    this.top += (py / this.size) * (1 / this.zoom - 1 / zoom);
    this.zoom = zoom;
    this.keep();
  }

  move(px, py) {
    this.left -= px / this.size / this.zoom;
    this.top -= py / this.size / this.zoom;
    this.keep();
  }

  keep() {
    const most = 1 - 1 / this.zoom;
    this.left = Math.min(most, Math.max(0, this.left));
    this.top = Math.min(most, Math.max(0, this.top));
  }

  // Move as far as a place needs to be in sight, away from the border.
  reveal(place) {
    const [px, py] = this.pixel(place), border = 0.08 * this.size;
    const beyond = (at) => Math.min(0, at - border) + Math.max(0, at - this.size + border);
    this.move(-beyond(px), -beyond(py));
  }

  pixel([x, y]) {
    const {x: [x0, x1], y: [y0, y1]} = this.whole;
    return [((x - x0) / (x1 - x0) - this.left) * this.zoom * this.size,
            ((y1 - y) / (y1 - y0) - this.top) * this.zoom * this.size];
  }

  place(px, py) {
    const {x: [x0, x1], y: [y0, y1]} = this.whole;
    return [x0 + (this.left + px / this.size / this.zoom) * (x1 - x0),
            y1 - (this.top + py / this.size / this.zoom) * (y1 - y0)];
  }

  // Column and row of the cell that holds the place.
  cell([x, y]) {
    const {x: [x0, x1], y: [y0, y1]} = this.whole;
    const within = (share) => Math.min(this.cells - 1, Math.max(0, Math.floor(share * this.cells)));
    return [within((x - x0) / (x1 - x0)), within((y1 - y) / (y1 - y0))];
  }
}

// Draws the map on its canvas; `state` is {point, cell, chosen, ink}.
class Painter {
  constructor(canvas, data, view, pictures) {
    Object.assign(this, {canvas, data, view, pictures});
    // In a fixed shuffled order, or the last digit would lie on top of all others.
    this.order = data.codes.map((_, i) => i).sort((a, b) => (a * 7919) % 10007 - (b * 7919) % 10007);
  }

  // Take colours and size from the page, which both may have changed.
  fit() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.classes = [...Array(10).keys()].map((i) => colour("--class" + i));
    this.ink = colour("--ink");
    this.card = colour("--card");
    this.accent = colour("--ours");
    this.scale = window.devicePixelRatio || 1;
    this.view.size = this.canvas.clientWidth;
    this.canvas.width = this.canvas.height = Math.round(this.view.size * this.scale);
    const ink = colour("--map-ink");
    if (ink !== this.inkOfPlane) [this.plane, this.inkOfPlane] = [this.inked(ink.split(",").map(Number)), ink];
  }

  // The decoder's pictures in the page's ink: their white is opaque, their black is clear.
  inked(ink) {
    const {image, width, height} = this.pictures, cells = this.view.cells;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [cells * width, cells * height];
    const context = canvas.getContext("2d");
    for (let i = 0; i < cells * cells; i++) {
      const at = [(i % cells) * width, Math.floor(i / cells) * height];
      context.drawImage(image, ...this.pictures.corner(i), width, height, ...at, width, height);
    }
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < pixels.data.length; i += 4) {
      pixels.data[i + 3] = pixels.data[i];
      [pixels.data[i], pixels.data[i + 1], pixels.data[i + 2]] = ink;
    }
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  draw(state) {
    const context = this.canvas.getContext("2d"), {size, zoom, left, top} = this.view;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, size, size);
    context.globalAlpha = state.ink;
    context.imageSmoothingEnabled = true;
    context.drawImage(this.plane, -left * zoom * size, -top * zoom * size, zoom * size, zoom * size);
    context.globalAlpha = 1;
    this.drawDots(context, state);
    if (state.cell) this.drawCell(context, state.cell);
    if (state.point !== null) this.drawRing(context, state.point);
  }

  drawDots(context, state) {
    const radius = Math.max(1.8, this.view.size / 260) * Math.sqrt(Math.sqrt(this.view.zoom));
    for (const i of this.order) {
      const [x, y] = this.view.pixel(this.data.codes[i]);
      const faded = state.chosen !== null && this.data.label[i] !== state.chosen;
      context.globalAlpha = faded ? 0.12 : 0.85;
      context.fillStyle = this.colour(i);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  drawCell(context, [column, row]) {
    const {size, zoom, left, top, cells} = this.view, side = size * zoom;
    context.strokeStyle = this.accent;
    context.lineWidth = 1.5;
    context.strokeRect((column / cells - left) * side, (row / cells - top) * side, side / cells, side / cells);
  }

  drawRing(context, point) {
    const [x, y] = this.view.pixel(this.data.codes[point]);
    for (const [colour, width] of [[this.card, 6], [this.ink, 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.stroke();
    }
    context.fillStyle = this.colour(point);
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.fill();
  }

  colour(point) {
    return this.data.label ? this.classes[this.data.label[point] % 10] : this.accent;
  }
}
