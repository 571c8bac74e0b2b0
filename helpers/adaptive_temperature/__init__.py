"""Notebook 05: AdapT sampling (arXiv 2309.02772).

Two temperatures for generated code. `processor` and `generation` plug it into
transformers, `vllm_adapter` into vLLM; `samplers` describes any sampler, `evaluation`
compares several on generated problems, `scoring` runs programs in `helpers.sandbox`.
"""
