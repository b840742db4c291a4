//! Named tensors of a safetensors or `.npz` file: their shapes are known before their numbers are read.

use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::architecture::Architecture;
use super::npz_arch;
use crate::arrays::{self, Array, gigabytes, lacking_memory};
use crate::error::{Error, Result};

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    /// The file's name, for messages.
    pub(super) file: &'a str,
    /// Names and shapes, in the file's order.
    pub(super) list: Vec<(String, Vec<usize>)>,
    /// Whether the file keeps the order in which tensors were written.
    pub(super) is_in_order: bool,
    /// What the file says about the architecture.
    pub(super) arch: Option<Architecture>,
    numbers: Numbers<'a>,
}

enum Numbers<'a> {
    Safetensors(SafeTensors<'a>),
    Npz(&'a Path),
}

impl<'a> Tensors<'a> {
    /// Those in the bytes of a safetensors file.
    pub(super) fn of_safetensors(file: &'a str, bytes: &'a [u8]) -> Result<Self> {
        let damaged = |error| {
            Error::Damaged(format!("{file} is not a whole safetensors file ({error}): write it again with safetensors"))
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let arch = metadata.metadata().as_ref().and_then(|metadata| metadata.get("arch"));
        let arch = arch.map(|text| Architecture::parse(&format!("{file}: the metadata key arch"), text)).transpose()?;
        let mut list: Vec<(String, Vec<usize>)> =
            tensors.iter().map(|(name, view)| (name.to_string(), view.shape().to_vec())).collect();
        list.sort();
        Ok(Tensors { file, list, is_in_order: false, arch, numbers: Numbers::Safetensors(tensors) })
    }

    /// Those of a `.npz` file.
    pub(super) fn of_npz(file: &'a str, path: &'a Path) -> Result<Self> {
        let mut list = arrays::shapes(path)?;
        let arch = list.iter().position(|(name, _)| name == "arch").map(|index| list.remove(index));
        let arch = arch.map(|_| npz_arch(file, path)).transpose()?;
        Ok(Tensors { file, list, is_in_order: true, arch, numbers: Numbers::Npz(path) })
    }

    /// The numbers of a tensor.
    pub(super) fn read(&self, name: &str) -> Result<Array> {
        match &self.numbers {
            Numbers::Npz(path) => arrays::read_member(path, name),
            Numbers::Safetensors(tensors) => {
                let tensor = tensors.tensor(name).expect("its name was listed");
                let data = values(&tensor).ok_or_else(|| self.wrong(name, &refused_type(tensor.dtype())))?;
                Ok(Array { shape: tensor.shape().to_vec(), data })
            }
        }
    }

    /// An error in a tensor.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        Error::input(format!("{}, tensor {name}: {what}", self.file))
    }

    /// Checks that memory holds so many numbers.
    pub(super) fn check_room(&self, numbers: usize) -> Result<()> {
        let bytes = (numbers as u64).saturating_mul(size_of::<f64>() as u64);
        match lacking_memory(bytes) {
            Some(free) => Err(Error::TooLarge(format!(
                "{}: its weights take {} as float64, and {} are free: give a smaller network",
                self.file,
                gigabytes(bytes),
                gigabytes(free)
            ))),
            None => Ok(()),
        }
    }
}

fn refused_type(dtype: Dtype) -> String {
    let remedy = match dtype {
        Dtype::I8 | Dtype::U8 | Dtype::I16 | Dtype::U16 | Dtype::I32 | Dtype::U32 | Dtype::I64 | Dtype::U64 => {
            "; of a quantised network save the dequantised weights, tensor.dequantize()"
        }
        _ => "; save tensor.float()",
    };
    format!("its type is {dtype:?}: give F16, BF16, F32 or F64{remedy}")
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
