"""The questions that the paper leaves open, each answered by a small recorded experiment."""

from .catalogue import QUESTIONS
from .question import Arm, Outcome, Question
from .writing import outcomes, question_runs, runs_with_data, seeds_for, write_question

__all__ = ["QUESTIONS", "Arm", "Outcome", "Question", "outcomes", "question_runs",
           "runs_with_data", "seeds_for", "write_question"]
