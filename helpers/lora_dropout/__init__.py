"""Notebook 04: LoRA Dropout (arXiv 2404.09610).

Masks of LoRA's input and output features as a regulariser, and as an ensemble at test
time. `config.LoraDropoutConfig` is all that a user of peft needs; `ensemble` predicts,
`instances` and `trainer` train, `adalora` does the same to AdaLoRA.
"""
