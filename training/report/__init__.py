"""Pages about the models, written from files alone: the model card and docs/accuracy/."""
