//! Networks as safetensors and `.npz` files: `conv<i>.weight` in PyTorch's order, the shapes in the metadata key `arch`.

use std::collections::HashMap;
use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::{Kernel, Layer, LayerShape, Network};
use crate::arrays::{self, Array};
use crate::error::{Error, Result};
use crate::output::write_whole;

/// A larger stride than any image needs, so that sizes cannot overflow.
const MOST_STRIDE: usize = 1 << 12;
/// More padding than any image needs.
const MOST_PADDING: usize = 1 << 12;
/// Larger than any number of channels.
const MOST_SIZE: f64 = 1e9;

/// A layer of the metadata key `arch`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    cin: usize,
    cout: usize,
    k: usize,
    stride: usize,
    pad: usize,
    /// Whether a ReLU follows: as it must be everywhere but behind the last layer, where it is said at all.
    relu: Option<bool>,
    /// The slope of that ReLU below 0, if it is not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    leak: Option<f64>,
}

/// Reads a network from a safetensors file, see [`parse`], or from a `.npz` file: arrays `conv<i>.weight` of shape (out, in,
/// row, column), and the array `arch`, l x 5 whole numbers cin, cout, k, stride, pad. What the file begins with decides.
///
/// # Errors
/// When the file cannot be read or anything in it is not as [`parse`] wants it.
pub fn read(path: &Path) -> Result<Network> {
    read_either(path, Biases::Refused)
}

/// As [`read`], with the biases `conv<i>.bias` that are there: the network has a channel of ones for them, see
/// [`Network::with_biases`].
///
/// # Errors
/// As for [`read`] and [`Network::with_biases`], and when there are no biases.
pub fn read_with_biases(path: &Path) -> Result<Network> {
    read_either(path, Biases::Taken)
}

/// What is done with biases.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    Refused,
    Taken,
}

fn read_either(path: &Path, biases: Biases) -> Result<Network> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let is_npz = bytes.starts_with(arrays::ZIP);
    let network = if is_npz { read_npz(&name, path, biases)? } else { parse_either(&name, &bytes, biases)? };
    refuse_zeros(&name, &network)?;
    Ok(network)
}

/// The network in the bytes of a safetensors file called `name`: tensors `conv0.weight`, `conv1.weight`, ... of type F16,
/// BF16, F32 or F64 and shape (out, in, row, column), and the metadata key `arch`, a JSON list of `{cin, cout, k, stride, pad}`.
/// Without it strides are 1 and the padding keeps the image's size, which needs odd kernels.
///
/// # Errors
/// When the file is damaged; a tensor is missing, of another name or type, not square, empty, all zeros, or holds NaN or
/// infinity; the shapes disagree with `arch` or do not chain. The message names the file, the tensor and the mend.
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
    parse_either(name, bytes, Biases::Refused)
}

fn parse_either(name: &str, bytes: &[u8], biases: Biases) -> Result<Network> {
    let damaged = |error| {
        Error::input(format!("{name} is not a whole safetensors file ({error}): write it again with safetensors"))
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let arch = metadata.metadata().as_ref().and_then(|metadata| metadata.get("arch"));
    let (arch, leak) = arch.map(|text| parse_arch(name, text)).transpose()?.unzip();
    let network = network(name, &tensors.names(), arch, biases, |tensor_name| {
        let tensor = tensors.tensor(tensor_name).expect("its name was listed");
        let data = values(&tensor).ok_or_else(|| {
            Error::input(format!(
                "{name}, tensor {tensor_name}: its type is {:?}: give F16, BF16, F32 or F64",
                tensor.dtype()
            ))
        })?;
        Ok(Array { shape: tensor.shape().to_vec(), data })
    })?;
    network.with_leak(leak.unwrap_or(0.0)).map_err(|error| Error::input(format!("{name}: arch: {error}")))
}

/// The layers' shapes and the slope of the ReLUs between them.
fn parse_arch(name: &str, text: &str) -> Result<(Vec<LayerShape>, f64)> {
    let wire: Vec<Wire> = serde_json::from_str(text).map_err(|error| {
        Error::input(format!(
            "{name}: the metadata key arch is not a JSON list of {{cin, cout, k, stride, pad}} ({error}): write one \
             such entry a layer"
        ))
    })?;
    let between = |index: usize| index + 1 < wire.len();
    if let Some(index) = (0..wire.len()).find(|&index| wire[index].relu.is_some_and(|relu| relu != between(index))) {
        return Err(Error::input(format!(
            "{name}: arch says relu = {} of layer {index}: a ReLU follows every layer but the last",
            !between(index)
        )));
    }
    let leak = wire.first().and_then(|first| first.leak).unwrap_or(0.0);
    if let Some(index) = (0..wire.len()).find(|&index| between(index) && wire[index].leak.unwrap_or(0.0) != leak) {
        return Err(Error::input(format!(
            "{name}: arch gives layer {index} another leak than layer 0: give one slope"
        )));
    }
    let shape = |&Wire { cin, cout, k, stride, pad, .. }: &Wire| LayerShape { cin, cout, k, stride, pad };
    Ok((wire.iter().map(shape).collect(), leak))
}

fn read_npz(name: &str, path: &Path, biases: Biases) -> Result<Network> {
    let mut members = arrays::members(path)?;
    let arch = members.iter().position(|member| member == "arch").map(|index| members.remove(index));
    let arch = arch.map(|member| npz_arch(name, &arrays::read_member(path, &member)?)).transpose()?;
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    network(name, &members, arch, biases, |tensor_name| arrays::read_member(path, tensor_name))
}

fn refuse_zeros(name: &str, network: &Network) -> Result<()> {
    match network.layers().iter().position(|layer| layer.kernel.max_norm() == 0.0) {
        Some(index) => Err(Error::input(format!(
            "{name}, tensor conv{index}.weight: all its weights are zero: train the layer or leave it out"
        ))),
        None => Ok(()),
    }
}

/// The columns of the array `arch`.
const ARCH_COLUMNS: [&str; 5] = ["cin", "cout", "k", "stride", "pad"];

fn npz_arch(name: &str, array: &Array) -> Result<Vec<LayerShape>> {
    if array.shape.len() != 2 || array.shape[1] != ARCH_COLUMNS.len() {
        return Err(Error::input(format!(
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

/// The network of the tensors called so.
fn network(
    name: &str,
    names: &[&str],
    arch: Option<Vec<LayerShape>>,
    biases: Biases,
    tensor: impl Fn(&str) -> Result<Array>,
) -> Result<Network> {
    let taken = |other: &str| biases == Biases::Taken && layer_number(other, BIAS).is_some();
    let (bias_names, names): (Vec<&str>, Vec<&str>) = names.iter().partition(|other| taken(other));
    if let Some(other) = names.iter().copied().filter(|other| layer_number(other, WEIGHT).is_none()).min() {
        let what = match biases {
            _ if !other.ends_with(BIAS) => {
                let numbers: Vec<usize> = names.iter().filter_map(|name| layer_number(name, WEIGHT)).collect();
                let missing = (0..).find(|number| !numbers.contains(number)).expect("some number is missing");
                format!(
                    "no tensor conv<i>.weight, and only convolutions are pruned: leave it out, or if it is the layer that \
                     is missing, call it conv{missing}.weight"
                )
            }
            Biases::Refused => {
                "a bias, which the paper's networks do not have: train without, or say --biases".to_string()
            }
            Biases::Taken => {
                "a bias of no convolution: call it conv0.bias, conv1.bias, ... after its layer".to_string()
            }
        };
        return Err(Error::input(format!("{name}, tensor {other}: it is {what}")));
    }
    let count = arch.as_ref().map_or(names.len(), Vec::len);
    if names.len() > count {
        return Err(Error::input(format!(
            "{name} holds {} tensors conv<i>.weight, and arch lists {count} layers: list every layer",
            names.len()
        )));
    }
    let layer_of = |index: usize| {
        let tensor_name = format!("conv{index}.weight");
        if !names.contains(&tensor_name.as_str()) {
            return Err(Error::input(format!(
                "{name}, tensor {tensor_name}: it is missing: store the layers as conv0.weight, conv1.weight, ..."
            )));
        }
        layer(tensor(&tensor_name)?, arch.as_ref().map(|arch| arch[index]))
            .map_err(|wrong| Error::input(format!("{name}, tensor {tensor_name}: {wrong}")))
    };
    let layers = (0..count).map(layer_of).collect::<Result<Vec<Layer>>>()?;
    let in_file = |error: Error| Error::input(format!("{name}: {error}"));
    let network = Network::new(layers).map_err(in_file)?;
    if biases == Biases::Refused {
        return Ok(network);
    }
    if bias_names.is_empty() {
        return Err(Error::input(format!("{name} holds no biases conv<i>.bias: leave --biases out")));
    }
    if let Some(other) = bias_names.iter().find(|other| layer_number(other, BIAS).is_none_or(|index| index >= count)) {
        return Err(Error::input(format!("{name}, tensor {other}: there is no such layer: leave it out")));
    }
    let bias = |index: usize| {
        let bias_name = format!("conv{index}.bias");
        if !bias_names.contains(&bias_name.as_str()) {
            return Ok(vec![0.0; network.layers()[index].kernel.outputs()]);
        }
        let array = tensor(&bias_name)?;
        if array.shape.len() != 1 {
            let shape = array.shape_text();
            return Err(Error::input(format!("{name}, tensor {bias_name}: its shape is {shape}: give (out,)")));
        }
        Ok(array.data)
    };
    let biases = (0..count).map(bias).collect::<Result<Vec<Vec<f64>>>>()?;
    network.with_biases(&biases).map_err(in_file)
}

/// Writes a network to `path` as [`read`] reads it, weights as F64, with `arch`, which says of each layer too whether a
/// ReLU follows.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, network: &Network) -> Result<()> {
    write_whole(path, &to_bytes(network))
}

/// The bytes of the safetensors file of a network.
pub fn to_bytes(network: &Network) -> Vec<u8> {
    let last = network.layers().len() - 1;
    let leak = Some(network.leak()).filter(|&leak| leak != 0.0);
    let wire = |(index, layer): (usize, &Layer)| {
        let LayerShape { cin, cout, k, stride, pad } = layer.shape();
        Wire { cin, cout, k, stride, pad, relu: Some(index < last), leak: leak.filter(|_| index < last) }
    };
    let arch: Vec<Wire> = network.layers().iter().enumerate().map(wire).collect();
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

/// How the names of kernels and of biases end.
const WEIGHT: &str = ".weight";
const BIAS: &str = ".bias";

/// The i of `conv<i>` before an ending. A number has one name: `conv00.bias` and `conv+0.bias` are none of `conv0.bias`.
fn layer_number(name: &str, ending: &str) -> Option<usize> {
    let number: usize = name.strip_prefix("conv")?.strip_suffix(ending)?.parse().ok()?;
    (name == format!("conv{number}{ending}")).then_some(number)
}

/// A layer from its tensor, or what is wrong with it.
fn layer(tensor: Array, arch: Option<LayerShape>) -> std::result::Result<Layer, String> {
    let &[outputs, inputs, side, columns] = &tensor.shape[..] else {
        return Err(format!("its shape is {}: give (out, in, row, column)", tensor.shape_text()));
    };
    if side != columns {
        return Err(format!("its windows are {side} x {columns}: give square ones"));
    }
    if outputs == 0 || inputs == 0 || side == 0 {
        return Err(format!("its shape {} is empty: give at least 1 everywhere", tensor.shape_text()));
    }
    let shape = match arch {
        Some(arch) => arch,
        None if side % 2 == 1 => LayerShape { cin: inputs, cout: outputs, k: side, stride: 1, pad: (side - 1) / 2 },
        None => return Err(format!("no padding keeps the size for an even side of {side}: give arch")),
    };
    if (shape.cout, shape.cin, shape.k) != (outputs, inputs, side) {
        return Err(format!(
            "its shape (out, in, row, column) is {}, and arch says cout = {}, cin = {} and k = {}: make them agree",
            tensor.shape_text(),
            shape.cout,
            shape.cin,
            shape.k
        ));
    }
    if !(1..=MOST_STRIDE).contains(&shape.stride) {
        return Err(format!("arch gives stride {}: give 1 to {MOST_STRIDE}", shape.stride));
    }
    if shape.pad > MOST_PADDING {
        return Err(format!("arch pads by {}: give at most {MOST_PADDING}", shape.pad));
    }
    let kernel = Kernel::new(outputs, inputs, side, tensor.data).map_err(|error| error.to_string())?;
    Ok(Layer { kernel, stride: shape.stride, pad: shape.pad })
}

/// The tensor's numbers, if they are floating-point numbers of 2, 4 or 8 bytes.
fn values(tensor: &TensorView) -> Option<Vec<f64>> {
    match tensor.dtype() {
        Dtype::F16 => Some(decoded(tensor, |word| f16::from_le_bytes(word).into())),
        Dtype::BF16 => Some(decoded(tensor, |word| bf16::from_le_bytes(word).into())),
        Dtype::F32 => Some(decoded(tensor, |word| f32::from_le_bytes(word).into())),
        Dtype::F64 => Some(decoded(tensor, f64::from_le_bytes)),
        _ => None,
    }
}

fn decoded<const N: usize>(tensor: &TensorView, decode: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (words, _) = tensor.data().as_chunks();
    words.iter().map(|&word| decode(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use std::io::Write;

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
        let image = crate::cnn::Image::new(1, 1, 1, vec![3.0]).unwrap();
        assert_eq!(network.forward(&image.with_ones()).data(), [8.0]);
        for (name, shape, what) in [
            ("conv2.bias", vec![1], "there is no such layer"),
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
        assert!(message.contains("net holds no biases conv<i>.bias: leave --biases out"), "{message}");
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
            ("is missing", file(&[("conv1.weight", Dtype::F32, vec![1, 1, 1, 1], ones(1))], None)),
            ("takes 3 inputs", two(3)),
            ("give F16, BF16, F32 or F64", one(Dtype::I32, vec![1, 1, 1, 1], ones(1))),
            ("give square ones", one(Dtype::F32, vec![1, 1, 1, 3], ones(3))),
            ("give (out, in, row, column)", one(Dtype::F32, vec![1, 1, 1], ones(1))),
            ("is empty", one(Dtype::F32, vec![0, 1, 1, 1], vec![])),
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
            ("it is no tensor", file(&[("conv00.weight", Dtype::F32, vec![1, 1, 1, 1], ones(1))], None)),
            ("stride 0", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 0, "pad": 0}]"#)),
            ("give at most 4096", with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1, "pad": 4097}]"#)),
            ("list every layer", with_arch("[]")),
            ("not a JSON list", with_arch("3x3")),
            (
                "ReLU follows every layer but the last",
                with_arch(r#"[{"cin": 1, "cout": 1, "k": 1, "stride": 1, "pad": 0, "relu": true}]"#),
            ),
            ("tensor conv0.bias: it is a bias", file(&[("conv0.bias", Dtype::F32, vec![1], ones(1))], None)),
            ("tensor fc.weight: it is no tensor", file(&[("fc.weight", Dtype::F32, vec![1], ones(1))], None)),
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
