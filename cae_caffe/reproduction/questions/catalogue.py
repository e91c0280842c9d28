"""The open questions and their arms, the most telling first. The first arm of each is the project's default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..losses import LAST_SHOWN
from ..runs.variant import EVERY_THOUSAND
from . import answers, mean_image, variants
from .question import AS_READ, Arm, Question
from .readings import read, read_at, read_together

CAE, CAE_2D = "cae1-n30", "cae1-n2"
CAES = tuple(f"{start}-n{code}" for start in ("cae2", "cae1") for code in (30, 10, 2))
BOTH_CAES = ("cae2-n30", CAE)
CLASSIC, CLASSIC_2D, SMALL = "classic-1000-500-250-n30", "classic-1000-500-250-n2", "classic-300-150-75-n2"
RESTING = (CLASSIC, CLASSIC_2D, SMALL)                  # their learning rate ends a ten-thousandth of what it began as
BASE = (CAE, CAE_2D, *RESTING)                          # trained as the tables are, for the other questions
BOTH = (("train", "train, the paper's mini-batch"), ("test", "test"))

_QUESTIONS = (
    Question(
        "step-size", "Step size of the classic auto-encoder: 1000 or 10000",
        "The paper says `stepsize: 1000`, \"as it is specified in Caffe examples\"; Caffe's example has 10000. Which "
        "one was it?", answers.NEAREST,
        (Arm("stepsize 1000, N = 30", "as the paper says", (CLASSIC,)),
         Arm("stepsize 10000, N = 30", "as Caffe's example has it", (CLASSIC,), variants.step_size(10000)),
         Arm("stepsize 1000, N = 2", "as the paper says", (CLASSIC_2D,)),
         Arm("stepsize 10000, N = 2", "as Caffe's example has it", (CLASSIC_2D,), variants.step_size(10000))),
        answers.nearest),
    Question(
        "euclidean-weight", "Weight of the CAE's Euclidean loss: 0 or 1",
        "The paper uses two losses and gives no weights. Caffe's example has weight 0 for the Euclidean one, which "
        "then only measures; a layer that says nothing has 1. Which one was it?", answers.NEAREST,
        (Arm("weight 0", "as in Caffe's example", (CAE,)),
         Arm("weight 1", "Caffe's default", (CAE,), variants.loss_weights(1, 1))),
        answers.nearest),
    Question(
        "deconv1neur", "deconv1neur: Deconvolution or Convolution",
        "The layer that joins the maps into the image has 1x1 kernels, so both kinds compute the same; but xavier "
        "starts a Convolution's weights smaller by the root of the number of maps. Which one was it?", answers.NEAREST,
        (Arm("Deconvolution", "as the paper calls it", (CAE,)),
         Arm("Convolution", "the same sums, a smaller start", (CAE,), variants.CONVOLUTION)),
        answers.nearest),
    Question(
        "one-loss", "One loss instead of two",
        "The paper: \"the use of only one of these loss functions separately does not provide good convergence "
        "results\". Does it hold?", answers.CLAIM,
        (Arm("both", "weights 1 and 1", (CAE,), variants.loss_weights(1, 1)),
         Arm("cross-entropy alone", "weights 1 and 0: the default here, and what Caffe's example minimises", (CAE,)),
         Arm("Euclidean alone", "weights 0 and 1", (CAE,), variants.loss_weights(0, 1))),
        answers.worse),
    Question(
        "relu", "ReLU instead of sigmoid",
        "The paper: \"we have tried ReLU activation functions instead of Sigmoid and, surprisingly, we have received "
        "worse results\". Does it hold?", answers.CLAIM,
        (Arm("sigmoid", "as the paper", (CAE,)),
         Arm("ReLU", "every hidden sigmoid, all else the same", (CAE,), variants.RELU),
         Arm("ReLU, xavier", "and inner products that start by xavier, since ReLU bounds no sum", (CAE,),
             variants.RELU_XAVIER)),
        answers.worse),
    Question(
        "sparse-filler", "The sparse filler where num_output is smaller",
        "The paper fills inner products with `sparse: 25`, which Caffe refuses where num_output is smaller: with N = 2 "
        "it cannot have been so. `sparse: num_output` and no `sparse` at all draw from the same distribution, but "
        "other numbers. Does it matter?", answers.NEAREST,
        (Arm("sparse: num_output, CAE", "min(25, num_output)", (CAE_2D,)),
         Arm("no sparse there, CAE", "left out where num_output is below 25", (CAE_2D,), variants.WITHOUT_SPARSE),
         Arm("sparse: num_output, classic", "min(15, num_output)", (SMALL,)),
         Arm("no sparse there, classic", "left out where num_output is below 15", (SMALL,), variants.WITHOUT_SPARSE)),
        answers.nearest),
    Question(
        "batch-size", "Batch size of the CAE: 100, 50 or 200",
        "The paper does not give it; Caffe's example has 100. Which one was it?", answers.NEAREST,
        (Arm("batch 100", "as in Caffe's example", (CAE,)),
         Arm("batch 50", "half", (CAE,), variants.batch(50)),
         Arm("batch 200", "twice", (CAE,), variants.batch(200))),
        answers.nearest),
    Question(
        "data-order", "Order of the training images: MNIST's own or shuffled",
        "The paper does not say in which order its HDF5 file holds the images. In MNIST's own order, the same in each "
        "pass, the CAE's losses on the mini-batches shown repeat with every pass, and where in a pass training ends "
        "decides much of the loss it ends at. Which order was it?", answers.NEAREST,
        (Arm("MNIST's order", "as the file has it, the same in each pass", (CAE,)),
         Arm("shuffled", "`shuffle: true`, another order in each pass", (CAE,), variants.SHUFFLED)),
        answers.nearest),
    Question(
        "train-loss", "What \"train\" means in Tables 1 and 4",
        "The paper gives losses for the training set and does not say over which of its images. Is it the last "
        "mini-batch shown, the mean of the last ten shown, or all 60000 images? Two more readings came out of the nets "
        "that learned nothing, further down: where every 1000th iteration is shown, the last one is 4000 of 5000 or "
        "19000 of 20000, both times the mini-batch of images 40000 to 40099. Test losses of the same iteration are "
        "those of 4000 and, in our runs, 10000.", answers.GAP,
        (Arm("last mini-batch", "the last one that the log shows", BASE, None, read("train_last_batch")),
         Arm("last ten shown", "the mean of the log's last ten", BASE, None, read("train_last_displays")),
         Arm("all training images", "a pass over all of them after training", BASE, None, read("train")),
         Arm("images 40000 to 40099", "of iteration 4000 or 19000, tested after the last", BASE, None,
             read("train_last_thousand")),
         Arm("images 40000 to 40099, tested then", "of iteration 4000 or 10000, tested before it", BASE, None,
             read_together)),
        answers.gap, AS_READ, beforehand=False),
    Question(
        "first-5000", "Whether \"test\" was the first 5000 images",
        "MNIST's test images come from two groups of writers, 5000 images each. Were the paper's test losses over all "
        "10000, or over the first 5000 only? The training losses beside them are those of images 40000 to 40099, of "
        "classic nets alone, which hardly change any more between that mini-batch and the test. (With the last "
        "mini-batch shown, and the CAE among the nets, as it was first planned, the last 5000 came out nearest.) What "
        "the nets that learned nothing tell stands further down.",
        answers.GAP,
        (Arm("all test images", "10000", RESTING, None, read("train_last_thousand")),
         Arm("first 5000", "of the same nets", RESTING, None, read("train_last_thousand", "test_first_5000")),
         Arm("last 5000", "of the same nets", RESTING, None, read("train_last_thousand", "test_last_5000"))),
        answers.gap, AS_READ, beforehand=False),
    Question(
        "iteration", "The iteration of Table 4's losses",
        "The paper trains for 20000 iterations, and its training losses are those of iteration 19000, if every 1000th "
        "is shown. In MNIST's order the CAE's test losses depend on where in a pass they are taken: iteration 20000 is "
        "200 mini-batches into one, 19000 and 10000 are 400. The paper's test losses lie as near to its training "
        "losses as ours of one iteration do. Which iteration were they taken at?", answers.BOTH,
        (Arm("20000", "after the last iteration; the mini-batch is that of 19000", CAES, EVERY_THOUSAND,
             read("train_last_thousand")),
         Arm("19000", "of the same nets, both of 19000", CAES, EVERY_THOUSAND, read_at(LAST_SHOWN)),
         Arm("10000", "of the same nets, both of 10000, half way", CAES, EVERY_THOUSAND, read_at(10000))),
        answers.nearest_in_both, BOTH, beforehand=False),
    Question(
        "learning-rate", "The CAE's learning rate: 0.006 or half of it",
        "The paper says `base_lr: 0.006` for both models. With it, and both losses read at iteration 19000, Model 2 "
        "ends where the paper's does, but Model 1 lower, and it passes the paper's losses about half way. Would half "
        "the learning rate give the paper's Model 1, or both models?", answers.APART + answers.BOTH,
        (Arm("0.006", "as the paper says", BOTH_CAES, EVERY_THOUSAND, read_at(LAST_SHOWN)),
         Arm("0.003", "half", BOTH_CAES, variants.combined(EVERY_THOUSAND, variants.learning_rate(0.003)),
             read_at(LAST_SHOWN))),
        answers.nearest_in_both_and_apart, BOTH, beforehand=False),
    Question(
        "mean-image", "Which images the losses are over, by nets that learned nothing",
        "Ten of the paper's runs in Table 1 learned nothing but the mean image, which they show for every image. Their "
        "losses depend on nothing but the images they are taken over. Over which images does the mean image have them?",
        mean_image.RULE, (), mean_image.answer, (("train", "train"), ("test", "test")), mean_image.outcomes,
        beforehand=False),
)

QUESTIONS: Mapping[str, Question] = MappingProxyType({question.key: question for question in _QUESTIONS})
