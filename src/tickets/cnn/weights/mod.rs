//! Networks as safetensors and `.npz` files: PyTorch's state dicts, with the architecture in the metadata key `arch` or beside them.
//!
//! Weights are (out, in, row, column), of linear layers (out, in); the types are F16, BF16, F32 and F64. Without an architecture a
//! file is read as convolutions of stride 1 whose padding keeps the size, in the order of the numbers in their names, with a ReLU
//! behind every one but the last.

mod architecture;
mod build;
mod modules;
mod tensors;

use std::collections::HashMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Serialize;

use super::{Kernel, Layer, LayerShape, Network};
use crate::arrays::{self, Array};
use crate::error::{Error, Result};
use crate::output::write_whole;
pub use architecture::Architecture;
use architecture::MOST_SIZE;
use tensors::Tensors;

/// A layer of the metadata key `arch`.
#[derive(Serialize)]
struct Wire {
    cin: usize,
    cout: usize,
    k: usize,
    stride: usize,
    pad: usize,
    /// Whether a ReLU follows.
    relu: bool,
    /// The slope of that ReLU below 0, if it is not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    leak: Option<f64>,
    /// Whether the layer is part of every pruned network as it is; said only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
}

/// Reads a network from a safetensors file, see [`parse`], or from a `.npz` file, whose array `arch` is l x 5 whole numbers cin,
/// cout, k, stride, pad, or a text as in safetensors. What the file begins with decides.
///
/// # Errors
/// When the file cannot be read or anything in it is not as [`parse`] wants it.
pub fn read(path: &Path) -> Result<Network> {
    read_as(path, None, false).map(|reading| reading.network)
}

/// As [`read`], with the biases that are there: the network has a channel of ones for them, see [`Network::with_biases`].
///
/// # Errors
/// As for [`read`] and [`Network::with_biases`], and when there are no biases.
pub fn read_with_biases(path: &Path) -> Result<Network> {
    read_as(path, None, true).map(|reading| reading.network)
}

/// As [`read`], with or without biases, and with the architecture that is stated elsewhere.
///
/// # Errors
/// As for [`read`] or [`read_with_biases`].
pub fn read_as(path: &Path, arch: Option<&Architecture>, biases: bool) -> Result<Reading> {
    let name = path.display().to_string();
    let biases = if biases { Biases::Taken } else { Biases::Refused };
    let bytes = arrays::read_bytes(path)?;
    let reading = if bytes.starts_with(arrays::ZIP) {
        build::build(&Tensors::of_npz(&name, path)?, arch, biases)?
    } else {
        build::build(&Tensors::of_safetensors(&name, &bytes)?, arch, biases)?
    };
    refuse_zeros(&name, &reading.network)?;
    Ok(reading)
}

/// What is done with biases.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    Refused,
    Taken,
}

/// The network in the bytes of a safetensors file called `name`: tensors `NAME.weight` of type F16, BF16, F32 or F64 and shape
/// (out, in, row, column), and the metadata key `arch`, a JSON list of `{cin, cout, k, stride, pad}` or of what [`Architecture`]
/// reads. Without it strides are 1 and the padding keeps the image's size, which needs odd kernels.
///
/// # Errors
/// When the file is damaged; a tensor is missing, of another kind or type, not square, empty, all zeros, or holds NaN or
/// infinity; the shapes disagree with `arch` or do not chain. The message names the file, the tensor and what to do.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Network> {
    let network = parse_any(name, bytes)?;
    refuse_zeros(name, &network)?;
    Ok(network)
}

/// As [`parse`], but layers may be all zeros.
///
/// # Errors
/// As for [`parse`] otherwise.
pub fn parse_any(name: &str, bytes: &[u8]) -> Result<Network> {
    build::build(&Tensors::of_safetensors(name, bytes)?, None, Biases::Refused).map(|reading| reading.network)
}

fn refuse_zeros(name: &str, network: &Network) -> Result<()> {
    match network.layers().iter().position(|layer| layer.kernel.max_norm() == 0.0) {
        Some(index) => Err(Error::input(format!(
            "{name}, tensor {}: all its weights are zero: train the layer or leave it out",
            network.tensor(index)
        ))),
        None => Ok(()),
    }
}

/// The columns of the array `arch`.
const ARCH_COLUMNS: [&str; 5] = ["cin", "cout", "k", "stride", "pad"];

/// What the array `arch` of a `.npz` file says: numbers, or a text.
fn npz_arch(name: &str, path: &Path) -> Result<Architecture> {
    let source = format!("{name}: the array arch");
    match arrays::read_text(path, "arch")? {
        Some(text) => Architecture::parse(&source, &text),
        None => {
            let shapes = npz_shapes(name, &arrays::read_member(path, "arch")?)?;
            Ok(Architecture::of_shapes(&source, shapes.into_iter()))
        }
    }
}

fn npz_shapes(name: &str, array: &Array) -> Result<Vec<LayerShape>> {
    if array.shape.len() != 2 || array.shape[1] != ARCH_COLUMNS.len() {
        return Err(Error::Shape(format!(
            "{name}: the array arch has the shape {}: give l x 5 numbers, a row ({}) a layer",
            array.shape_text(),
            ARCH_COLUMNS.join(", ")
        )));
    }
    let (rows, _) = array.data.as_chunks::<5>();
    let is_size = |x: &f64| x.trunc() == *x && (0.0..=MOST_SIZE).contains(x);
    if let Some(index) = array.data.iter().position(|x| !is_size(x)) {
        return Err(Error::input(format!(
            "{name}: the array arch says {} = {} of layer {}: give a whole number from 0 to {MOST_SIZE:e}",
            ARCH_COLUMNS[index % ARCH_COLUMNS.len()],
            array.data[index],
            index / ARCH_COLUMNS.len()
        )));
    }
    let shape = |row: &[f64; 5]| {
        let [cin, cout, k, stride, pad] = row.map(|x| x as usize);
        LayerShape { cin, cout, k, stride, pad }
    };
    Ok(rows.iter().map(shape).collect())
}

/// A network from a file, and how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The network.
    pub network: Network,
    /// The layers in words, where the file is not of plain convolutions `conv<i>.weight`.
    pub said: Option<String>,
}

/// Writes a network to `path` as [`read`] reads it, weights as F64, with `arch`, which says about each layer too whether a
/// ReLU follows.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, network: &Network) -> Result<()> {
    write_whole(path, &to_bytes(network))
}

/// The bytes of the safetensors file of a network.
pub fn to_bytes(network: &Network) -> Vec<u8> {
    let kernels = network.layers().iter().enumerate();
    serialize(network, kernels.map(|(index, layer)| (format!("conv{index}.weight"), &layer.kernel)).collect())
}

/// The bytes of a safetensors file of kernels that stand in for a network's: for each layer the one that positive parts of its input
/// meet (`conv<i>.plus`), and the one that negative parts meet (`conv<i>.minus`), whose convolutions are added up.
pub fn split_to_bytes(network: &Network, kernels: &[[&Kernel; 2]]) -> Vec<u8> {
    let mut tensors = Vec::new();
    for (index, [plus, minus]) in kernels.iter().enumerate() {
        tensors
            .extend([("plus", *plus), ("minus", *minus)].map(|(part, kernel)| (format!("conv{index}.{part}"), kernel)));
    }
    serialize(network, tensors)
}

/// The bytes of a safetensors file of kernels, as F64, with the network's `arch`.
fn serialize(network: &Network, kernels: Vec<(String, &Kernel)>) -> Vec<u8> {
    let last = network.layers().len() - 1;
    let leak = Some(network.leak()).filter(|&leak| leak != 0.0);
    let wire = |(index, layer): (usize, &Layer)| {
        let LayerShape { cin, cout, k, stride, pad } = layer.shape();
        let fixed = network.roles()[index].fixed;
        Wire { cin, cout, k, stride, pad, relu: index < last, leak: leak.filter(|_| index < last), fixed }
    };
    let arch: Vec<Wire> = network.layers().iter().enumerate().map(wire).collect();
    let arch = serde_json::to_string(&arch).expect("shapes are plain numbers");
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = kernels
        .into_iter()
        .map(|(name, kernel)| {
            let shape = vec![kernel.outputs(), kernel.inputs(), kernel.side(), kernel.side()];
            (name, shape, kernel.data().iter().flat_map(|x| x.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, TensorView::new(Dtype::F64, shape.clone(), bytes).expect("eight bytes a weight"))
    });
    safetensors::serialize(views, Some(HashMap::from([("arch".to_string(), arch)]))).expect("a small header")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::tickets::cnn::Kernel;
    use half::{bf16, f16};
    use std::io::Write;

    const DIGITS: &[u8] = include_bytes!("../../../../experiments/targets/digits_gap.safetensors");

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
        for network in [network.clone(), network.with_leak(0.01).unwrap()] {
            write(&path, &network).unwrap();
            assert_eq!(read(&path).unwrap(), network);
        }
        assert!(matches!(read(&folder.path().join("none")), Err(Error::Read { .. })));
    }

    fn npz(members: &[(&str, Vec<usize>, Vec<f64>)]) -> tempfile::TempDir {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, shape, numbers) in members {
            let shape: String = shape.iter().map(|length| format!("{length},")).collect();
            let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}\n");
            let numbers: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            let length = (header.len() as u16).to_le_bytes();
            writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&[b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &numbers].concat()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("net.npz"), writer.finish().unwrap().into_inner()).unwrap();
        folder
    }

    #[test]
    fn npz_files_are_read_too() {
        let network = parse("digits", DIGITS).unwrap();
        let mut members: Vec<(String, Vec<usize>, Vec<f64>)> = network
            .layers()
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let LayerShape { cin, cout, k, .. } = layer.shape();
                (format!("conv{index}.weight"), vec![cout, cin, k, k], layer.kernel.data().to_vec())
            })
            .collect();
        let read_members = |members: &[(String, Vec<usize>, Vec<f64>)]| {
            let members: Vec<(&str, Vec<usize>, Vec<f64>)> =
                members.iter().map(|(name, shape, data)| (name.as_str(), shape.clone(), data.clone())).collect();
            read(&npz(&members).path().join("net.npz"))
        };
        assert_eq!(read_members(&members).unwrap(), network);
        members.push((
            "arch".into(),
            vec![3, 5],
            [[1, 4, 3, 2, 1], [4, 8, 3, 1, 0], [8, 10, 1, 1, 2]].map(|row| row.map(f64::from)).concat(),
        ));
        let strided = read_members(&members).unwrap();
        assert_eq!(strided.layers().iter().map(|l| (l.stride, l.pad)).collect::<Vec<_>>(), [(2, 1), (1, 0), (1, 2)]);
        members[3].2[0] = 1.5;
        let message = read_members(&members).unwrap_err().to_string();
        assert!(message.contains("arch says cin = 1.5 of layer 0: give a whole number from 0 to 1e9"), "{message}");
        members[3].2[..5].copy_from_slice(&[1.0, 4.0, 3.0, 1.0, -1.0]);
        assert!(read_members(&members).unwrap_err().to_string().contains("arch says pad = -1 of layer 0"));
        members[3].1 = vec![5, 3];
        assert!(read_members(&members).unwrap_err().to_string().contains("the array arch has the shape (5, 3)"));
        members.truncate(2);
        members[1].0 = "conv2.weight".into();
        let message = read_members(&members).unwrap_err().to_string();
        assert!(message.contains("net.npz, tensor conv1.weight: it is missing"), "{message}");
    }

    #[test]
    fn biases_are_refused_or_taken() {
        let tensors = [
            ("conv0.weight", Dtype::F32, vec![2, 1, 1, 1], ones(2)),
            ("conv0.bias", Dtype::F32, vec![2], ones(2)),
            ("conv1.weight", Dtype::F32, vec![1, 2, 1, 1], ones(2)),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net");
        let write =
            |tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)]| std::fs::write(&path, file(tensors, None)).unwrap();
        write(&tensors);
        assert!(read(&path).unwrap_err().to_string().contains("tensor conv0.bias: it is a bias"));
        let network = read_with_biases(&path).unwrap();
        let image = crate::tickets::cnn::Image::new(1, 1, 1, vec![3.0]).unwrap();
        assert_eq!(network.forward(&image.with_ones()).data(), [8.0]);
        for (name, shape, what) in [
            ("conv2.bias", vec![1], "it is a bias of no convolution"),
            ("conv1.bias", vec![3], "3 entries for 1"),
            ("conv1.bias", vec![1, 1], "tensor conv1.bias: its shape is (1, 1): give (out,)"),
            ("conv01.bias", vec![1], "tensor conv01.bias: it is a bias of no convolution"),
            ("conv+1.bias", vec![1], "tensor conv+1.bias: it is a bias of no convolution"),
        ] {
            let bias = (name, Dtype::F32, shape.clone(), ones(shape[0]));
            write(&[&tensors[..], &[bias]].concat());
            assert!(read_with_biases(&path).unwrap_err().to_string().contains(what));
        }
        write(&tensors[..1]);
        let message = read_with_biases(&path).unwrap_err().to_string();
        assert!(message.contains("net holds no biases NAME.bias and no batch norm: leave --biases out"), "{message}");
    }

    #[test]
    fn every_floating_point_type_is_read() {
        let words: [(Dtype, Vec<u8>); 4] = [
            (Dtype::F16, f16::from_f64(-1.5).to_le_bytes().to_vec()),
            (Dtype::BF16, bf16::from_f64(-1.5).to_le_bytes().to_vec()),
            (Dtype::F32, (-1.5f32).to_le_bytes().to_vec()),
            (Dtype::F64, (-1.5f64).to_le_bytes().to_vec()),
        ];
        for (dtype, bytes) in words {
            let network = parse("f", &file(&[("conv0.weight", dtype, vec![1, 1, 1, 1], bytes)], None)).unwrap();
            assert_eq!(network.layers()[0].kernel.data(), [-1.5], "{dtype:?}");
        }
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
            ("tensor conv1.weight: it is missing", {
                let named = |name| (name, Dtype::F32, vec![1, 1, 1, 1], ones(1));
                file(&[named("conv0.weight"), named("conv2.weight")], None)
            }),
            ("takes 3 inputs", two(3)),
            ("give F16, BF16, F32 or F64", one(Dtype::I32, vec![1, 1, 1, 1], ones(1))),
            ("give square ones", one(Dtype::F32, vec![1, 1, 1, 3], ones(3))),
            ("give (out, in, row, column)", one(Dtype::F32, vec![1, 1, 1], ones(1))),
            ("is empty", one(Dtype::F32, vec![0, 1, 1, 1], vec![])),
            ("is empty", one(Dtype::F32, vec![1, 1, 0, 0], vec![])),
            ("are zero", one(Dtype::F32, vec![1, 1, 1, 1], zero)),
            ("NaN", one(Dtype::F32, vec![1, 1, 1, 1], bad(f32::NAN))),
            ("inf", one(Dtype::F32, vec![1, 1, 1, 1], bad(f32::INFINITY))),
            ("even side", one(Dtype::F32, vec![1, 1, 2, 2], ones(4))),
            ("at least one layer", file(&[], None)),
            (
                "is (1, 1, 1, 1), and arch says cout = 1, cin = 2 and k = 1: make them agree",
                with_arch(r#"[{"cin": 2, "cout": 1, "k": 1, "stride": 1, "pad": 0}]"#),
            ),
            ("give 1 to 4096", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1000000000, "pad": 0}]"#)),
            ("tensor conv00.weight: it has the number of conv0.weight: give each layer its own", {
                let named = |name| (name, Dtype::F32, vec![1, 1, 1, 1], ones(1));
                file(&[named("conv0.weight"), named("conv00.weight")], None)
            }),
            ("stride 0", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 0, "pad": 0}]"#)),
            ("give at most 4096", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1, "pad": 4097}]"#)),
            ("list every layer", with_arch("[]")),
            ("not a JSON list", with_arch("3x3")),
            (
                "ReLU follows every layer but the last",
                with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1, "pad": 0, "relu": true}]"#),
            ),
            ("tensor conv0.bias: it is a bias", file(&[("conv0.bias", Dtype::F32, vec![1], ones(1))], None)),
            (
                "tensor fc.weight: its shape is (1,): a batch norm comes with running_mean",
                file(&[("fc.weight", Dtype::F32, vec![1], ones(1))], None),
            ),
        ];
        for (what, bytes) in cases {
            let error = parse("f.safetensors", &bytes).unwrap_err();
            let message = error.to_string();
            assert!(error.is_input() && message.contains("f.safetensors"), "{message}");
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

    fn random(shape: &[usize], stream: &mut Stream) -> Vec<f64> {
        Kernel::normal(shape.iter().product(), 1, 1, stream).data().to_vec()
    }

    fn of_tensors(tensors: &[(&str, Vec<usize>, Vec<f64>)]) -> Vec<u8> {
        let tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)> = tensors
            .iter()
            .map(|(name, shape, data)| {
                (*name, Dtype::F64, shape.clone(), data.iter().flat_map(|x| x.to_le_bytes()).collect())
            })
            .collect();
        file(&tensors, None)
    }

    fn read_stated(bytes: &[u8], arch: &str, biases: Biases) -> Result<Reading> {
        let arch = Architecture::parse("arch", arch)?;
        build::build(&Tensors::of_safetensors("f", bytes)?, Some(&arch), biases)
    }

    /// Averages over windows, by definition.
    fn averaged(image: &crate::tickets::cnn::Image, side: usize, stride: usize) -> crate::tickets::cnn::Image {
        let size = |pixels: usize| (pixels - side) / stride + 1;
        crate::tickets::cnn::Image::from_fn(image.channels(), size(image.rows()), size(image.columns()), |c, p, q| {
            let window = (0..side).flat_map(|r| (0..side).map(move |s| (p * stride + r, q * stride + s)));
            window.map(|(r, s)| image.at(c, r, s)).sum::<f64>() / (side * side) as f64
        })
    }

    /// A convolution or linear layer with biases, by definition.
    fn biased(layer: &Layer, bias: &[f64], image: &crate::tickets::cnn::Image) -> crate::tickets::cnn::Image {
        let output = layer.forward(image);
        crate::tickets::cnn::Image::from_fn(output.channels(), output.rows(), output.columns(), |c, r, s| {
            output.at(c, r, s) + bias[c]
        })
    }

    /// Convolutions with biases, batch norm, average pooling and linear layers, against forward passes layer by layer.
    #[test]
    fn a_network_as_pytorch_saves_it_computes_what_it_does_there() {
        let mut stream = Stream::new(23, 24);
        let mut tensor = |name: &'static str, shape: &[usize]| (name, shape.to_vec(), random(shape, &mut stream));
        let mut tensors = vec![
            tensor("module.conv1.weight", &[3, 2, 3, 3]),
            tensor("module.conv1.bias", &[3]),
            tensor("module.bn1.weight", &[3]),
            tensor("module.bn1.bias", &[3]),
            tensor("module.bn1.running_mean", &[3]),
            tensor("module.bn1.running_var", &[3]),
            tensor("module.conv2.weight", &[4, 3, 3, 3]),
            tensor("module.fc1.weight", &[5, 4 * 2 * 2]),
            tensor("module.fc1.bias", &[5]),
            tensor("module.fc2.weight", &[3, 5]),
            tensor("module.fc2.bias", &[3]),
        ];
        tensors[5].2.iter_mut().for_each(|variance| *variance = variance.abs() + 0.1);
        let arch = r#"[{"conv": "conv1", "pad": 1}, {"batchnorm": "bn1", "eps": 0.001}, "relu", {"avgpool": 2}, {"conv": "conv2", "pad": 1},
            "relu", {"avgpool": 3, "stride": 2}, "flatten", {"linear": "fc1"}, "relu", "dropout", {"linear": "fc2"}]"#;
        let reading = read_stated(&of_tensors(&tensors), arch, Biases::Taken).unwrap();
        let network = &reading.network;
        assert!(reading.said.unwrap().contains("module.fc1 (linear over 4 x 2 x 2) ->5"));
        assert_eq!((network.depth(), network.layers().len(), network.least_side()), (4, 6, Some(10)));
        let image =
            crate::tickets::cnn::Image::from_fn(2, 10, 10, |c, r, s| ((3 * c + 7 * r + 5 * s) % 11) as f64 / 5.0 - 1.0);
        let of = |name: &str| &tensors.iter().find(|(other, ..)| *other == format!("module.{name}")).unwrap().2[..];
        let layer = |name: &str, outputs, inputs, side, pad| Layer {
            kernel: Kernel::new(outputs, inputs, side, of(&format!("{name}.weight")).to_vec()).unwrap(),
            stride: 1,
            pad,
        };
        let first = biased(&layer("conv1", 3, 2, 3, 1), of("conv1.bias"), &image);
        let normed = crate::tickets::cnn::Image::from_fn(3, 10, 10, |c, r, s| {
            let normal = (first.at(c, r, s) - of("bn1.running_mean")[c]) / (of("bn1.running_var")[c] + 0.001).sqrt();
            of("bn1.weight")[c] * normal + of("bn1.bias")[c]
        });
        let second = layer("conv2", 4, 3, 3, 1).forward(&averaged(&normed.positive(), 2, 2));
        // 5 x 5, pooled to 2 x 2 and flattened in the order (channel, row, column).
        let hidden = biased(&layer("fc1", 5, 4, 2, 0), of("fc1.bias"), &averaged(&second.positive(), 3, 2));
        let expected = biased(&layer("fc2", 3, 5, 1, 0), of("fc2.bias"), &hidden.positive());
        let output = network.forward(&image.with_ones());
        assert!(output.distance(&expected) < 1e-10 * expected.max_norm(), "{}", output.distance(&expected));
        let message = network.shapes(14, 14).unwrap_err().to_string();
        assert!(
            message.contains("fc1.weight is a linear layer over 2 x 2 pixels") && message.contains("10 x 10"),
            "{message}"
        );
        // Written as plain convolutions and read again, it computes the same, and pooling is still not pruned.
        let again = parse("again", &to_bytes(network)).unwrap();
        assert_eq!(again.forward(&image.with_ones()), output);
        assert_eq!(again.depth(), 4);
    }

    /// Before a ReLU, and behind the last layer, averages are a part of the convolution.
    #[test]
    fn pooling_before_a_relu_is_folded() {
        let mut stream = Stream::new(25, 26);
        let mut tensor = |name: &'static str, shape: &[usize]| (name, shape.to_vec(), random(shape, &mut stream));
        let tensors = [tensor("a.weight", &[2, 1, 3, 3]), tensor("b.weight", &[2, 2, 2, 2])];
        let arch = r#"[{"conv": "a", "stride": 2, "pad": 1}, {"avgpool": 3, "stride": 2}, "relu", {"conv": "b"}, {"avgpool": 2}]"#;
        let network = read_stated(&of_tensors(&tensors), arch, Biases::Refused).unwrap().network;
        assert_eq!((network.depth(), network.layers().len()), (2, 2));
        let layer = |index: usize, outputs, inputs, side, stride, pad| Layer {
            kernel: Kernel::new(outputs, inputs, side, tensors[index].2.clone()).unwrap(),
            stride,
            pad,
        };
        for (rows, columns) in [(30, 30), (31, 33), (37, 28)] {
            let image = crate::tickets::cnn::Image::from_fn(1, rows, columns, |_, r, s| {
                ((7 * r + 5 * s) % 11) as f64 / 5.0 - 1.0
            });
            let hidden = averaged(&layer(0, 2, 1, 3, 2, 1).forward(&image), 3, 2).positive();
            let expected = averaged(&layer(1, 2, 2, 2, 1, 0).forward(&hidden), 2, 2);
            assert!(network.forward(&image).distance(&expected) < 1e-12);
        }
    }

    #[test]
    fn what_the_names_leave_open_is_asked_for_with_an_architecture_that_can_be_read() {
        let mut stream = Stream::new(27, 28);
        let mut tensor = |name: &'static str, shape: &[usize]| (name, shape.to_vec(), random(shape, &mut stream));
        let open = [
            vec![tensor("a.weight", &[2, 2, 1, 1]), tensor("b.weight", &[2, 2, 1, 1])],
            vec![tensor("conv1.weight", &[2, 1, 3, 3]), tensor("fc1.weight", &[3, 8]), tensor("fc2.weight", &[2, 3])],
            vec![tensor("0.weight", &[2, 1, 3, 3]), tensor("3.weight", &[2, 2, 3, 3])],
            vec![tensor("features.0.weight", &[2, 1, 3, 3]), tensor("classifier.1.weight", &[2, 8])],
        ];
        for tensors in open {
            let bytes = of_tensors(&tensors);
            let message = parse("f", &bytes).unwrap_err().to_string();
            let example = message.lines().find_map(|line| line.trim().strip_prefix("layers = ")).unwrap();
            let value: toml::Table = toml::from_str(&format!("layers = {example}")).unwrap();
            let json = serde_json::to_string(&value).unwrap();
            let read = read_stated(&bytes, &json, Biases::Refused);
            assert!(read.is_ok(), "{message}: {read:?}");
        }
        let chained = [
            tensor("stem.weight", &[2, 1, 3, 3]),
            tensor("head.weight", &[3, 2, 1, 1]),
            tensor("odd.weight", &[4, 3, 1, 1]),
        ];
        assert_eq!(parse("f", &of_tensors(&chained)).unwrap().roles()[2].name, "odd");
    }

    #[test]
    fn what_state_dicts_hold_besides_is_refused_by_its_name() {
        let mut stream = Stream::new(29, 30);
        let mut tensor = |name: &'static str, shape: &[usize]| (name, shape.to_vec(), random(shape, &mut stream));
        let conv = tensor("conv0.weight", &[6, 1, 3, 3]);
        for (other, what) in [
            (tensor("conv1.weight", &[6, 1, 3, 3]), "a convolution in groups"),
            (tensor("conv1.weight", &[6, 6, 3]), "only convolutions over two axes"),
            (tensor("conv1.weight", &[6, 6, 1, 3]), "its windows are 1 x 3"),
            (tensor("conv1.weight_orig", &[6, 6, 3, 3]), "prune.remove"),
            (tensor("conv1.weight_g", &[6, 1, 1, 1]), "remove_weight_norm"),
            (tensor("conv1.scale", &[1]), "it is quantised"),
            (tensor("conv1/kernel", &[3, 3, 6, 6]), "transpose them by (3, 2, 0, 1)"),
            (tensor("layer1.downsample.0.weight", &[6, 6, 1, 1]), "a connection around layers"),
            (tensor("deconv1.weight", &[6, 6, 3, 3]), "a layer that enlarges images"),
            (tensor("norm.weight", &[6]), "a batch norm comes with running_mean"),
        ] {
            let message = parse("f", &of_tensors(&[conv.clone(), other])).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
        let wide = [tensor("a.weight", &[2, 1, 3, 3]), tensor("b.weight", &[2, 2, 3, 3])];
        let averaged = r#"[{"conv": "a"}, "relu", "gap", {"conv": "b", "pad": 1}]"#;
        let message = read_stated(&of_tensors(&wide), averaged, Biases::Refused).unwrap_err().to_string();
        assert!(message.contains("an average over all pixels leaves one, and b looks at 3 x 3"), "{message}");
        let spectral = [("a.weight_orig", &[6, 6, 3, 3][..]), ("a.weight_u", &[6]), ("a.weight_v", &[54])];
        let message =
            parse("f", &of_tensors(&spectral.map(|(name, shape)| tensor(name, shape)))).unwrap_err().to_string();
        assert!(message.contains("remove_spectral_norm"), "{message}");
        let linear = [tensor("fc1.weight", &[4, 4]), tensor("fc2.weight", &[2, 4])];
        for (arch, what) in [
            (r#"["flatten", {"linear": "fc1"}, "relu", {"linear": "fc2"}]"#, "say of how many channels the images are"),
            (r#"[{"linear": "fc1"}, {"linear": "fc2"}, "relu"]"#, "no ReLU stands between fc1 and fc2"),
            (r#"[{"linear": "fc1"}, "relu", {"linear": "fc2"}, "relu"]"#, "a ReLU follows the last layer"),
            (r#"[{"avgpool": 2}, {"linear": "fc1"}, "relu", {"linear": "fc2"}]"#, "pool the images instead"),
            (r#"[{"linear": "fc1"}, "relu", {"linear": "fc3"}]"#, "holds no tensor fc3.weight, but those of fc1, fc2"),
            (r#"[{"linear": "fc1"}]"#, "tensor fc2.weight: it is in no layer of arch"),
            (r#"[{"conv": "fc1"}, "relu", {"linear": "fc1"}]"#, "fc1 stands there twice"),
            (r#"["gap", {"linear": "fc1"}, "relu", {"linear": "fc2"}]"#, "only one layer can follow"),
        ] {
            let message = read_stated(&of_tensors(&linear), arch, Biases::Refused).unwrap_err().to_string();
            assert!(message.contains(what), "{arch}: {message}");
        }
        let flat = r#"["flatten", {"linear": "fc1", "cin": 1}, "relu", {"linear": "fc2"}]"#;
        let network = read_stated(&of_tensors(&linear), flat, Biases::Refused).unwrap().network;
        assert_eq!((network.inputs(), network.least_side()), (1, Some(2)));
    }

    #[test]
    fn split_kernels_are_written_two_a_layer() {
        let mut stream = Stream::new(91, 92);
        let kernel = Kernel::normal(2, 1, 3, &mut stream);
        let network = Network::new(vec![Layer { kernel: kernel.clone(), stride: 2, pad: 1 }]).unwrap();
        let minus = kernel.map(|x| -x);
        let bytes = split_to_bytes(&network, &[[&kernel, &minus]]);
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for (name, kernel) in [("conv0.plus", &kernel), ("conv0.minus", &minus)] {
            let tensor = tensors.tensor(name).unwrap();
            assert_eq!((tensor.shape(), tensor.dtype()), (&[2, 1, 3, 3][..], Dtype::F64));
            assert_eq!(tensor.data(), kernel.data().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
        }
    }
}
