"""Open Inference Protocol v2 over REST, by which KServe, Triton's clients and their like ask any model.

Sources: github.com/kserve/open-inference-protocol (specification/protocol/inference_rest.md) and, for the
extension `binary_tensor_data`, github.com/triton-inference-server/server (docs/protocol/extension_binary_data.md).

A model takes one of two inputs. `photo`, BYTES `[1]`, is a whole photo and gives what `/v1/segment` gives. `image`,
UINT8 `[n, T, T, 3]`, are tiles and go to the network as they are. All that is a picture is `[n, H, W, channels]`.
"""
