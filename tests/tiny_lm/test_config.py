import pytest
import torch

from helpers.tiny_lm.config import SPECIAL, TinyConfig


@pytest.mark.parametrize(
    "config",
    [
        TinyConfig(200),
        TinyConfig(4096, layers=2, width=96, heads=3, feed_forward=100),
        TinyConfig(5, layers=1, width=2, heads=1, context=8),
    ],
)
def test_count_of_parameters_is_the_models(config):
    model = config.model(0)
    assert config.parameters == model.num_parameters()
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_shape_arrives_in_the_model():
    llama = TinyConfig(50, layers=3, width=64, heads=2, context=77).model(0).config
    assert (llama.num_hidden_layers, llama.hidden_size) == (3, 64)
    assert (llama.num_attention_heads, llama.num_key_value_heads) == (2, 2)
    assert (llama.head_dim, llama.max_position_embeddings) == (32, 77)
    ends = [llama.pad_token_id, llama.bos_token_id, llama.eos_token_id]
    assert [SPECIAL[i] for i in ends] == ["<pad>", "<bos>", "<eos>"]


def test_feed_forward_is_eight_thirds_of_the_width_in_whole_32s():
    for width in range(2, 600, 2):
        inner = TinyConfig(50, width=width, heads=1).inner
        assert inner % 32 == 0 and 0 <= inner - 8 * width / 3 < 32


def test_weights_depend_on_the_seed_alone():
    config = TinyConfig(20, layers=1, width=16, heads=2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = config.model(3)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(6)
    same, other = config.model(3), config.model(4)
    for a, b in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"width": 12.0}, "width is 12.0"),
        ({"heads": True}, "heads is True"),
        ({"context": -1}, "context is -1"),
        ({"feed_forward": 0}, "feed_forward is 0"),
        ({"width": 128, "heads": 3}, "42.6667 wide"),
        ({"width": 12, "heads": 4}, "3 wide"),
    ],
)
def test_impossible_sizes_are_refused(sizes, said):
    with pytest.raises(ValueError, match=said):
        TinyConfig(100, **sizes)
    with pytest.raises(ValueError, match="special"):
        TinyConfig(4)
