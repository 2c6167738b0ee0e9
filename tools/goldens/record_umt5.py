#!/usr/bin/env python3
"""Records testdata/goldens/umt5-tiny from Hugging Face transformers' UMT5 encoder, an implementation that shares no code
with the publisher's that golden_t5 comes from.

    tools/goldens/record_umt5.py testdata/goldens/ovi-tiny testdata/goldens/umt5-tiny

Needs torch, safetensors and transformers from PyPI. Writes the tiny encoder's weights as safetensors and, in
golden_gradients.safetensors, the rows and every gradient of a linear loss over the real rows, computed in float64.
"""
import json
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import UMT5Config, UMT5EncoderModel

PARTS = {"norm1.weight": "layer.0.layer_norm.weight", "norm2.weight": "layer.1.layer_norm.weight",
         "attn.q.weight": "layer.0.SelfAttention.q.weight", "attn.k.weight": "layer.0.SelfAttention.k.weight",
         "attn.v.weight": "layer.0.SelfAttention.v.weight", "attn.o.weight": "layer.0.SelfAttention.o.weight",
         "pos_embedding.embedding.weight": "layer.0.SelfAttention.relative_attention_bias.weight",
         "ffn.gate.0.weight": "layer.1.DenseReluDense.wi_0.weight", "ffn.fc1.weight": "layer.1.DenseReluDense.wi_1.weight",
         "ffn.fc2.weight": "layer.1.DenseReluDense.wo.weight"}


def other_name(name):
    if name == "token_embedding.weight":
        return "shared.weight"
    if name == "norm.weight":
        return "encoder.final_layer_norm.weight"
    _, index, part = name.split(".", 2)
    return f"encoder.block.{index}.{PARTS[part]}"


def build(shape, weights):
    model = UMT5EncoderModel(UMT5Config(
        vocab_size=shape["vocab"], d_model=shape["dim"], d_kv=shape["dim_attn"] // shape["num_heads"], d_ff=shape["dim_ffn"],
        num_layers=shape["num_layers"], num_heads=shape["num_heads"], relative_attention_num_buckets=shape["num_buckets"],
        dropout_rate=0.0, feed_forward_proj="gated-gelu", attn_implementation="eager"))
    state = {other_name(name): tensor.double() for name, tensor in weights.items()}
    missing, unexpected = model.double().load_state_dict(state, strict=False)
    assert set(missing) <= {"encoder.embed_tokens.weight"} and not unexpected, (missing, unexpected)
    return model.train()


def main(source, target):
    folder = f"{source}/Wan2.2-TI2V-5B"
    weights = torch.load(f"{folder}/models_t5_umt5-xxl-enc-bf16.pth", weights_only=True)
    golden = load_file(f"{source}/golden_t5.safetensors")
    with open(f"{folder}/t5.json", encoding="utf-8") as file:
        model = build(json.load(file), weights)
    mask = golden["mask"]
    rows = model(input_ids=golden["ids"], attention_mask=mask).last_hidden_state
    difference = ((rows - golden["context"]) * mask[..., None]).norm() / (golden["context"] * mask[..., None]).norm()
    print("relative difference from golden_t5:", difference.item())
    push = torch.randn(rows.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5)) * mask[..., None]
    (rows * push).sum().backward()
    parameters = dict(model.named_parameters())
    recorded = {f"grad.{name}": parameters[other_name(name)].grad for name in weights}
    used = torch.unique(golden["ids"][mask.bool()])
    recorded["grad.token_embedding.weight"] = recorded["grad.token_embedding.weight"][used]
    recorded = {name: tensor.float().contiguous() for name, tensor in recorded.items()}
    recorded.update({"push": push.float(), "used_ids": used})
    versions = {"torch": torch.__version__, "transformers": __import__("transformers").__version__}
    save_file(recorded, f"{target}/golden_gradients.safetensors", metadata=versions)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, f"{target}/umt5.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
