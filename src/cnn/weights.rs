//! Networks as safetensors files: `conv<i>.weight` in PyTorch's order, the shapes in the metadata key `arch`.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::{Kernel, Layer, LayerShape, Network};
use crate::error::{Error, Result};

/// More padding than any image needs, so that sizes cannot overflow.
const MOST_PADDING: usize = 1 << 12;

/// Reads a network. Tensors that are not called `conv<i>.weight` are not part of it.
///
/// # Errors
/// When the file cannot be read or anything in it is not as [`parse`] wants it.
pub fn read(path: &Path) -> Result<Network> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    parse(&path.display().to_string(), &bytes)
}

/// The network in the bytes of a safetensors file called `name`: tensors `conv0.weight`, `conv1.weight`, ... of type F32
/// or F64 and shape (out, in, row, column), and the metadata key `arch`, a JSON list of `{cin, cout, k, stride, pad}`.
/// Without it strides are 1 and the padding keeps the image's size, which needs odd kernels.
///
/// # Errors
/// When the file is damaged; a tensor is missing, of another type, not square, empty, all zeros, or holds NaN or
/// infinity; the shapes disagree with `arch` or do not chain. The message names the file, the tensor and the mend.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Network> {
    let damaged = |error| {
        Error::input(format!("{name} is not a whole safetensors file ({error}): write it again with safetensors"))
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let arch = metadata.metadata().as_ref().and_then(|metadata| metadata.get("arch"));
    let arch: Option<Vec<LayerShape>> = match arch {
        None => None,
        Some(text) => Some(serde_json::from_str(text).map_err(|error| {
            Error::input(format!(
                "{name}: the metadata key arch is not a JSON list of {{cin, cout, k, stride, pad}} ({error}): write one \
                 such entry a layer"
            ))
        })?),
    };
    let numbered = tensors.names().into_iter().filter_map(layer_number).count();
    let count = arch.as_ref().map_or(numbered, Vec::len);
    if numbered > count {
        return Err(Error::input(format!(
            "{name} holds {numbered} tensors conv<i>.weight, and arch lists {count} layers: list every layer"
        )));
    }
    let layers = (0..count).map(|index| layer(name, &tensors, index, arch.as_ref().map(|arch| arch[index])));
    let layers = layers.collect::<Result<Vec<Layer>>>()?;
    Network::new(layers).map_err(|error| Error::input(format!("{name}: {error}")))
}

/// Writes a network to `path` as [`read`] reads it, weights as F64, with `arch`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, network: &Network) -> Result<()> {
    std::fs::write(path, to_bytes(network)).map_err(Error::write(path))
}

/// The bytes of the safetensors file of a network.
pub fn to_bytes(network: &Network) -> Vec<u8> {
    let arch: Vec<LayerShape> = network.layers().iter().map(Layer::shape).collect();
    let arch = serde_json::to_string(&arch).expect("shapes are plain numbers");
    let kernels = network.layers().iter().map(|layer| &layer.kernel);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = kernels
        .enumerate()
        .map(|(index, kernel)| {
            let shape = vec![kernel.outputs(), kernel.inputs(), kernel.side(), kernel.side()];
            (format!("conv{index}.weight"), shape, kernel.data().iter().flat_map(|x| x.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, TensorView::new(Dtype::F64, shape.clone(), bytes).expect("eight bytes a weight"))
    });
    safetensors::serialize(views, Some(HashMap::from([("arch".to_string(), arch)]))).expect("a small header")
}

fn layer_number(name: &str) -> Option<usize> {
    name.strip_prefix("conv")?.strip_suffix(".weight")?.parse().ok()
}

fn layer(name: &str, tensors: &SafeTensors, index: usize, arch: Option<LayerShape>) -> Result<Layer> {
    let tensor_name = format!("conv{index}.weight");
    let wrong = |message: String| Error::input(format!("{name}, tensor {tensor_name}: {message}"));
    let tensor = tensors
        .tensor(&tensor_name)
        .map_err(|_| wrong("it is missing: store the layers as conv0.weight, conv1.weight, ...".into()))?;
    let &[outputs, inputs, side, columns] = tensor.shape() else {
        return Err(wrong(format!("its shape is {:?}: give (out, in, row, column)", tensor.shape())));
    };
    if side != columns {
        return Err(wrong(format!("its windows are {side} x {columns}: give square ones")));
    }
    if outputs == 0 || inputs == 0 || side == 0 {
        return Err(wrong(format!("its shape {:?} is empty: give at least 1 everywhere", tensor.shape())));
    }
    let shape = match arch {
        Some(arch) => arch,
        None if side % 2 == 1 => LayerShape { cin: inputs, cout: outputs, k: side, stride: 1, pad: (side - 1) / 2 },
        None => return Err(wrong(format!("no padding keeps the size for an even side of {side}: give arch"))),
    };
    if (shape.cout, shape.cin, shape.k) != (outputs, inputs, side) {
        return Err(wrong(format!("its shape is {:?}, and arch says {shape:?}: make them agree", tensor.shape())));
    }
    if shape.stride == 0 {
        return Err(wrong("arch gives stride 0: give at least 1".into()));
    }
    if shape.pad > MOST_PADDING {
        return Err(wrong(format!("arch pads by {}: give at most {MOST_PADDING}", shape.pad)));
    }
    let data = values(&tensor).ok_or_else(|| wrong(format!("its type is {:?}: give F32 or F64", tensor.dtype())))?;
    if data.iter().all(|&x| x == 0.0) {
        return Err(wrong("all its weights are zero: train the layer or leave it out".into()));
    }
    let kernel = Kernel::new(outputs, inputs, side, data).map_err(|error| wrong(error.to_string()))?;
    Ok(Layer { kernel, stride: shape.stride, pad: shape.pad })
}

/// The tensor's numbers, if they are F32 or F64.
fn values(tensor: &TensorView) -> Option<Vec<f64>> {
    match tensor.dtype() {
        Dtype::F32 => {
            let (words, _) = tensor.data().as_chunks();
            Some(words.iter().map(|&word| f64::from(f32::from_le_bytes(word))).collect())
        }
        Dtype::F64 => {
            let (words, _) = tensor.data().as_chunks();
            Some(words.iter().map(|&word| f64::from_le_bytes(word)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    const DIGITS: &[u8] = include_bytes!("../../experiments/targets/digits_gap.safetensors");

    fn file(tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)], arch: Option<&str>) -> Vec<u8> {
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.clone(), bytes).expect("a true shape"))
        });
        safetensors::serialize(views, arch.map(|arch| HashMap::from([("arch".to_string(), arch.to_string())]))).unwrap()
    }

    fn ones(count: usize) -> Vec<u8> {
        (0..count).flat_map(|_| 1f32.to_le_bytes()).collect()
    }

    #[test]
    fn the_trained_digits_network_is_read() {
        let network = parse("digits", DIGITS).unwrap();
        let shapes: Vec<LayerShape> = network.layers().iter().map(Layer::shape).collect();
        let shape = |cin, cout, k, pad| LayerShape { cin, cout, k, stride: 1, pad };
        assert_eq!(shapes, [shape(1, 4, 3, 1), shape(4, 8, 3, 1), shape(8, 10, 1, 0)]);
        assert_eq!(network.shapes(8, 8).unwrap().last(), Some(&(8, 8)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut stream = Stream::new(21, 22);
        let layer = |outputs, inputs, side, stride, pad, stream: &mut Stream| Layer {
            kernel: Kernel::normal(outputs, inputs, side, stream),
            stride,
            pad,
        };
        let network = Network::new(vec![layer(3, 2, 2, 2, 1, &mut stream), layer(1, 3, 3, 1, 0, &mut stream)]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.safetensors");
        write(&path, &network).unwrap();
        assert_eq!(read(&path).unwrap(), network);
        assert!(matches!(read(&folder.path().join("none")), Err(Error::Read { .. })));
    }

    #[test]
    fn without_arch_the_size_is_kept() {
        let network = parse("f", &file(&[("conv0.weight", Dtype::F32, vec![2, 1, 3, 3], ones(18))], None)).unwrap();
        assert_eq!((network.layers()[0].stride, network.layers()[0].pad), (1, 1));
    }

    #[test]
    fn every_lie_is_an_input_error_that_names_file_and_tensor() {
        let zero = vec![0; 4];
        let bad = |x: f32| x.to_le_bytes().to_vec();
        let one = |dtype, shape: Vec<usize>, bytes| file(&[("conv0.weight", dtype, shape, bytes)], None);
        let with_arch = |arch| file(&[("conv0.weight", Dtype::F32, vec![1, 1, 1, 1], ones(1))], Some(arch));
        let two = |inputs: usize| {
            file(
                &[
                    ("conv0.weight", Dtype::F32, vec![2, 1, 1, 1], ones(2)),
                    ("conv1.weight", Dtype::F32, vec![1, inputs, 1, 1], ones(inputs)),
                ],
                None,
            )
        };
        assert!(parse("f", &two(2)).is_ok());
        let cases = [
            ("is missing", file(&[("conv1.weight", Dtype::F32, vec![1, 1, 1, 1], ones(1))], None)),
            ("takes 3 inputs", two(3)),
            ("give F32 or F64", one(Dtype::I32, vec![1, 1, 1, 1], ones(1))),
            ("give square ones", one(Dtype::F32, vec![1, 1, 1, 3], ones(3))),
            ("give (out, in, row, column)", one(Dtype::F32, vec![1, 1, 1], ones(1))),
            ("is empty", one(Dtype::F32, vec![0, 1, 1, 1], vec![])),
            ("are zero", one(Dtype::F32, vec![1, 1, 1, 1], zero)),
            ("NaN", one(Dtype::F32, vec![1, 1, 1, 1], bad(f32::NAN))),
            ("inf", one(Dtype::F32, vec![1, 1, 1, 1], bad(f32::INFINITY))),
            ("even side", one(Dtype::F32, vec![1, 1, 2, 2], ones(4))),
            ("at least one layer", file(&[], None)),
            ("make them agree", with_arch(r#"[{"cin": 2, "cout": 1, "k": 1, "stride": 1, "pad": 0}]"#)),
            ("stride 0", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 0, "pad": 0}]"#)),
            ("give at most 4096", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1, "pad": 4097}]"#)),
            ("list every layer", with_arch("[]")),
            ("not a JSON list", with_arch("3x3")),
        ];
        for (what, bytes) in cases {
            let error = parse("f.safetensors", &bytes).unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, Error::Input(_)) && message.contains("f.safetensors"), "{message}");
            assert!(message.contains(what), "expected {what}: {message}");
        }
    }

    #[test]
    fn no_damaged_file_panics() {
        for length in 0..DIGITS.len() {
            assert!(parse("cut", &DIGITS[..length]).is_err(), "cut to {length} bytes");
        }
        let mut lying = DIGITS.to_vec();
        lying[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(parse("lying", &lying).is_err());
        // A header that claims a tensor beyond the end of the file.
        let header = String::from_utf8_lossy(&DIGITS[8..]).to_string();
        let at = header.find("[1296,1616]").expect("the last tensor's offsets") + 8;
        let mut claiming = DIGITS.to_vec();
        claiming[at + 6..at + 10].copy_from_slice(b"9616");
        assert!(parse("claiming", &claiming).unwrap_err().to_string().contains("claiming"));
        for index in 0..DIGITS.len().min(1000) {
            let mut flipped = DIGITS.to_vec();
            flipped[index] ^= 0x15;
            let _ = parse("flipped", &flipped);
        }
    }
}
