"use strict";
// The map under the user's hand: pointer, keys, buttons, and the pictures and words beside it.

class CodeMap {
  constructor(data) {
    const find = (id) => document.getElementById("map-" + id);
    this.data = data;
    this.canvas = find("plane");
    this.shown = {input: find("input"), restored: find("restored"), place: find("place")};
    this.said = find("said");
    this.legend = find("legend");
    this.buttons = {in: find("in"), out: find("out"), all: find("all"), ink: find("ink")};
    this.sprites = {input: new Sprite(data.inputs), restored: new Sprite(data.restored),
                    place: new Sprite(data.plane.pictures)};
    this.view = new View(data.plane);
    this.painter = new Painter(this.canvas, data, this.view, this.sprites.place);
    this.state = {point: null, cell: null, chosen: null, ink: this.buttons.ink.value / 100};
    this.waiting = false;
  }

  async start() {
    await Promise.all(Object.values(this.sprites).map((sprite) => sprite.image.decode()));
    this.makeLegend();
    this.listen();
    this.refit();
    this.select(this.nearest(this.view.size / 2, this.view.size / 2, Infinity));
    this.canvas.dataset.ready = "true";
  }

  refit() {
    this.painter.fit();
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.painter.draw(this.state);
    });
  }

  // Show one image: what went in, what came out, and the plane where its code is.
  select(point) {
    this.state.point = point;
    this.sprites.input.show(point, this.shown.input);
    this.sprites.restored.show(point, this.shown.restored);
    this.canvas.dataset.point = point;
    this.look(this.data.codes[point]);
  }

  // Show what the decoder draws at a place.
  look(place) {
    const [column, row] = this.state.cell = this.view.cell(place);
    this.sprites.place.show(row * this.view.cells + column, this.shown.place);
    this.tell(place);
    this.draw();
  }

  tell(place) {
    const number = (value) => Number(value.toPrecision(3)).toString().replace("-", "\u2212");
    const {point} = this.state, [x, y] = this.data.codes[point];
    const digit = this.data.label ? `a ${this.data.label[point]}` : "an image";
    this.said.textContent = `Test image ${this.data.images[point]}, ${digit}: code (${number(x)}, ${number(y)}), ` +
      `half the squared error of its restoration ${number(this.data.error[point])}. ` +
      `Pointer at (${number(place[0])}, ${number(place[1])}).`;
  }

  // The dot nearest to a pixel within `reach` pixels, of the class that is chosen if one is.
  nearest(px, py, reach) {
    let best = null, least = reach * reach;
    this.data.codes.forEach((code, i) => {
      const [x, y] = this.view.pixel(code), distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < least && this.counts(i)) [best, least] = [i, distance];
    });
    return best;
  }

  counts(i) {
    return this.state.chosen === null || this.data.label[i] === this.state.chosen;
  }

  // The next dot in a direction: near, and not far off to the side.
  step(dx, dy) {
    const [px, py] = this.view.pixel(this.data.codes[this.state.point]);
    let best = null, least = Infinity;
    this.data.codes.forEach((code, i) => {
      const [x, y] = this.view.pixel(code);
      const along = (x - px) * dx + (y - py) * dy, aside = Math.abs((x - px) * dy) + Math.abs((y - py) * dx);
      if (along > 0.5 && along + 2 * aside < least && this.counts(i)) [best, least] = [i, along + 2 * aside];
    });
    this.go(best);
  }

  // Select a dot that may be out of sight.
  go(point) {
    if (point === null) return;
    this.view.reveal(this.data.codes[point]);
    this.select(point);
  }

  nextOf(label) {
    const count = this.data.codes.length;
    for (let i = 1; i <= count; i++) {
      const at = (this.state.point + i) % count;
      if (this.data.label && this.data.label[at] === label) return this.go(at);
    }
  }

  choose(label) {
    this.state.chosen = this.state.chosen === label ? null : label;
    for (const button of this.legend.children) {
      button.setAttribute("aria-pressed", String(Number(button.value) === this.state.chosen));
    }
    this.draw();
  }

  makeLegend() {
    const labels = [...new Set(this.data.label || [])].sort((a, b) => a - b);
    for (const label of labels) {
      const button = document.createElement("button"), mark = document.createElement("i");
      Object.assign(button, {type: "button", value: label, onclick: () => this.choose(label)});
      button.setAttribute("aria-pressed", "false");
      mark.style.background = `var(--class${label % 10})`;
      button.append(mark, String(label));
      this.legend.append(button);
    }
  }

  zoom(factor, px = this.view.size / 2, py = this.view.size / 2) {
    if (factor) this.view.by(factor, px, py); else this.view.reset();
    this.canvas.style.touchAction = this.view.zoom > 1 ? "none" : "";
    this.draw();
  }

  listen() {
    const {canvas, buttons} = this;
    canvas.addEventListener("pointermove", (event) => this.pointed(event));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointed(event);
    });
    canvas.addEventListener("wheel", (event) => this.wheeled(event), {passive: false});
    canvas.addEventListener("keydown", (event) => this.pressed(event));
    buttons.in.onclick = () => this.zoom(1.6);
    buttons.out.onclick = () => this.zoom(1 / 1.6);
    buttons.all.onclick = () => this.zoom(0);
    buttons.ink.oninput = () => {
      this.state.ink = buttons.ink.value / 100;
      this.draw();
    };
    new ResizeObserver(() => this.refit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refit());
  }

  pointed(event) {
    if (event.buttons && event.type === "pointermove" && this.view.zoom > 1) {
      this.view.move(event.movementX, event.movementY);
      return this.draw();
    }
    const box = this.canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    const point = this.nearest(px, py, event.pointerType === "mouse" ? 14 : 28);
    if (point !== null && point !== this.state.point) this.select(point);
    this.look(this.view.place(px, py));
  }

  // With Ctrl, which is also how browsers report two fingers drawn apart; a bare wheel scrolls the page.
  wheeled(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 200), event.clientX - box.left, event.clientY - box.top);
  }

  pressed(event) {
    const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    const zooms = {"+": 1.6, "=": 1.6, "-": 1 / 1.6, Escape: 0};
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.step(...steps[event.key]);
    else if (event.key in zooms) this.zoom(zooms[event.key]);
    else if (/^[0-9]$/.test(event.key)) this.nextOf(Number(event.key));
    else return;
    event.preventDefault();
  }
}

new CodeMap(JSON.parse(document.getElementById("map-data").textContent)).start();
