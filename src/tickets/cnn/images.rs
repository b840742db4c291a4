//! Labelled images from `.npz` files, and how well networks classify them.

use std::path::Path;

use rayon::prelude::*;

use super::{Image, Network};
use crate::arrays::{self, Array};
use crate::error::{Error, Result};
use crate::numeric::larger_or_nan;

/// Images of one size, each with its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    images: Vec<Image>,
    labels: Vec<usize>,
}

/// A target and its stand-in on the same images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Number of images.
    pub images: usize,
    /// Images that the target classifies rightly.
    pub target_right: usize,
    /// Images that the stand-in classifies rightly.
    pub pruned_right: usize,
    /// Images that the two classify differently.
    pub differ: usize,
    /// The largest difference of their outputs, before the mean, in the max norm; NaN or infinite where outputs overflow.
    pub output_error: f64,
    /// The largest difference of their logits.
    pub logit_error: f64,
}

impl Images {
    /// Reads labelled images of a `.npz` file, for a network of so many input channels and classes. Their arrays are called `x` and
    /// `y` (or as [`PIXELS`] and [`LABELS`] say). Images are (N, C, H, W); (N, H, W, C) is taken where only that fits the
    /// network's channels, and (N, H, W) for one channel. Labels are (N) or (N, 1) classes from 0, or (N, classes) one-hot. With
    /// `ones`, the network's last input channel is always 1 and not in the file.
    ///
    /// # Errors
    /// When the file cannot be read, the arrays are not there or disagree, the images do not suit the network, a pixel is
    /// not finite, all pixels are whole numbers beyond 1 (as of 8-bit images, which are not scaled), or a label is none of the
    /// classes.
    pub fn read(path: &Path, network: &Network, ones: bool) -> Result<Self> {
        let inputs = network.inputs() - usize::from(ones);
        let name = path.display().to_string();
        let shapes = arrays::shapes(path)?;
        let find = |names: &[&str], wanted: &str| find_array(&name, &shapes, names, wanted);
        let (pixels, labels) = (find(&PIXELS, "x")?, find(&LABELS, "y")?);
        // The shape says whether the numbers need be read at all.
        let layout = Layout::new(&name, pixels, &shapes, inputs)?;
        network.shapes(layout.rows, layout.columns).map_err(|error| error.at(format!("{name}: {pixels}")))?;
        let [x, y] = arrays::read_members(path, [pixels, labels])?;
        if x.data.iter().all(|x| x.trunc() == *x && *x >= 0.0) && x.data.iter().any(|x| *x > 1.0) {
            let largest = x.data.iter().copied().fold(0.0, f64::max);
            return Err(Error::input(format!(
                "{name}: {pixels} holds whole numbers up to {largest}, as images of integers do: scale them as for training, such \
                 as {pixels} = {pixels} / {:?} for pixels in [0, 1]",
                if largest > 16.0 && largest <= 255.0 { 255.0 } else { largest }
            )));
        }
        let labels = classes(&name, labels, y, layout.count, network.outputs())?;
        let image = |(index, pixels_of_one): (usize, &[f64])| {
            Image::new(layout.channels, layout.rows, layout.columns, layout.channels_first(pixels_of_one))
                .map(|image| if ones { image.with_ones() } else { image })
                .map_err(|error| error.at(format!("{name}: image {index} (from 0) of {pixels}")))
        };
        let size = layout.channels * layout.rows * layout.columns;
        let images = x.data.chunks_exact(size).enumerate().map(image).collect::<Result<Vec<Image>>>()?;
        Ok(Images { images, labels })
    }

    /// The images.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// Rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.images[0].rows(), self.images[0].columns())
    }

    /// The largest absolute value of any pixel; the theorem's inputs are at most 1.
    pub fn max_norm(&self) -> f64 {
        self.images.iter().map(Image::max_norm).fold(0.0, f64::max)
    }

    /// By how much each image's largest logit exceeds the next: its class stays the same where logits change by less than half of
    /// that.
    pub fn margins(&self, network: &Network) -> Vec<f64> {
        let margin = |image: &Image| {
            let logits = means(&network.forward(image));
            let class = largest(&logits);
            let others = logits.iter().enumerate().filter(|(other, _)| *other != class);
            logits[class] - others.map(|(_, logit)| *logit).fold(f64::NEG_INFINITY, f64::max)
        };
        self.images.par_iter().map(margin).collect()
    }

    /// Both networks on every image, by forward passes.
    pub fn compare(&self, target: &Network, pruned: &Network) -> Comparison {
        self.compare_with(target, |image| pruned.forward(image))
    }

    /// A network, and what computes the outputs of another, on every image.
    pub fn compare_with(&self, target: &Network, pruned: impl Fn(&Image) -> Image + Sync) -> Comparison {
        let compare = |(image, &label): (&Image, &usize)| {
            let (wanted, got) = (target.forward(image), pruned(image));
            let logits = [means(&wanted), means(&got)];
            let [wanted_class, got_class] = [0, 1].map(|index: usize| largest(&logits[index]));
            let logit_errors = logits[0].iter().zip(&logits[1]).map(|(x, y)| (x - y).abs());
            Comparison {
                images: 1,
                target_right: usize::from(wanted_class == label),
                pruned_right: usize::from(got_class == label),
                differ: usize::from(wanted_class != got_class),
                output_error: wanted.distance(&got),
                logit_error: logit_errors.fold(0.0, larger_or_nan),
            }
        };
        let nothing =
            Comparison { images: 0, target_right: 0, pruned_right: 0, differ: 0, output_error: 0.0, logit_error: 0.0 };
        self.images.par_iter().zip(&self.labels).map(compare).reduce(|| nothing, Comparison::and)
    }
}

/// What the array of images may be called, and that of labels; the first that is there is taken.
pub const PIXELS: [&str; 7] = ["x", "X", "images", "x_test", "X_test", "data", "test_images"];
/// What the array of labels may be called.
pub const LABELS: [&str; 8] = ["y", "Y", "labels", "y_test", "Y_test", "targets", "target", "test_labels"];

fn find_array<'a>(name: &str, shapes: &'a [(String, Vec<usize>)], names: &[&str], wanted: &str) -> Result<&'a str> {
    let found = names.iter().find_map(|wanted| shapes.iter().find(|(array, _)| array == wanted));
    found.map(|(array, _)| array.as_str()).ok_or_else(|| {
        let there: Vec<&str> = shapes.iter().map(|(array, _)| array.as_str()).collect();
        let there = if there.is_empty() { "none".into() } else { there.join(", ") };
        Error::input(format!(
            "{name} has no array {wanted}, but {there}: save images x and labels y with np.savez('x.npz', x=x, y=y)"
        ))
    })
}

/// How the images of an array lie in memory.
struct Layout {
    count: usize,
    channels: usize,
    rows: usize,
    columns: usize,
    /// Whether the channels run fastest.
    channels_last: bool,
}

impl Layout {
    fn new(name: &str, array: &str, shapes: &[(String, Vec<usize>)], inputs: usize) -> Result<Self> {
        let (_, shape) = shapes.iter().find(|(other, _)| other == array).expect("the array was found there");
        let wrong = |what: String| {
            Err(Error::Shape(format!("{name}: {array} has the shape {}: {what}", arrays::shape_text(shape))))
        };
        let layout = match shape[..] {
            [count, channels, rows, columns] if channels == inputs => {
                Layout { count, channels, rows, columns, channels_last: false }
            }
            [count, rows, columns, channels] if channels == inputs => {
                Layout { count, channels, rows, columns, channels_last: true }
            }
            [count, rows, columns] if inputs == 1 => Layout { count, channels: 1, rows, columns, channels_last: false },
            [_, _, _, _] => {
                return wrong(format!(
                    "give at least one image, of the {inputs} channels that the network takes, as (N, C, H, W)"
                ));
            }
            [_, pixels] if pixels.is_multiple_of(inputs) && (pixels / inputs).isqrt().pow(2) == pixels / inputs => {
                let side = (pixels / inputs).isqrt();
                return wrong(format!(
                    "give images as (N, C, H, W): {array} = {array}.reshape(-1, {inputs}, {side}, {side})"
                ));
            }
            _ => return wrong("give images as (N, C, H, W)".into()),
        };
        if layout.count == 0 || layout.rows == 0 || layout.columns == 0 {
            return wrong(format!("give at least one image, of the {inputs} channels that the network takes"));
        }
        Ok(layout)
    }

    /// One image's pixels in the order (channel, row, column).
    fn channels_first(&self, pixels: &[f64]) -> Vec<f64> {
        if !self.channels_last {
            return pixels.to_vec();
        }
        (0..self.channels).flat_map(|channel| pixels.iter().skip(channel).step_by(self.channels).copied()).collect()
    }
}

/// The classes of labels.
fn classes(name: &str, array: &str, y: Array, count: usize, classes: usize) -> Result<Vec<usize>> {
    let wrong = |what: String| Error::input(format!("{name}: {array} {what}"));
    let labels = match y.shape[..] {
        [length] | [length, 1] if length == count => y.data,
        [length, width] if length == count && width == classes => {
            let class = |row: &[f64]| {
                let ones = row.iter().filter(|x| **x == 1.0).count();
                let zeros = row.iter().filter(|x| **x == 0.0).count();
                row.iter().position(|x| *x == 1.0).filter(|_| ones == 1 && zeros + 1 == row.len())
            };
            return y
                .data
                .chunks_exact(width)
                .enumerate()
                .map(|(index, row)| {
                    class(row).ok_or_else(|| {
                        wrong(format!("row {index} (from 0) is not one 1 among zeros: give classes, {array}.argmax(1)"))
                    })
                })
                .collect();
        }
        _ => {
            let shape = y.shape_text();
            return Err(wrong(format!("has the shape {shape}: give one label for each of the {count} images")));
        }
    };
    let is_class = |&label: &f64| label.trunc() == label && (0.0..classes as f64).contains(&label);
    match labels.iter().position(|label| !is_class(label)) {
        Some(index) => Err(Error::input(format!(
            "{name}: label {index} (from 0) of {array} is {}: give whole numbers from 0 to {}, as the network has {classes} \
             outputs",
            labels[index],
            classes - 1
        ))),
        None => Ok(labels.into_iter().map(|label| label as usize).collect()),
    }
}

impl Comparison {
    fn and(self, other: Comparison) -> Comparison {
        Comparison {
            images: self.images + other.images,
            target_right: self.target_right + other.target_right,
            pruned_right: self.pruned_right + other.pruned_right,
            differ: self.differ + other.differ,
            output_error: larger_or_nan(self.output_error, other.output_error),
            logit_error: larger_or_nan(self.logit_error, other.logit_error),
        }
    }
}

/// The logits: each output channel's mean over rows and columns.
pub fn means(output: &Image) -> Vec<f64> {
    let pixels = output.rows() * output.columns();
    output.data().chunks_exact(pixels).map(|plane| plane.iter().sum::<f64>() / pixels as f64).collect()
}

/// The first class with the largest logit.
fn largest(logits: &[f64]) -> usize {
    (1..logits.len()).fold(0, |best, class| if logits[class] > logits[best] { class } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::cnn::{Kernel, Layer, weights};

    fn targets(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/targets").join(name)
    }

    /// The accuracies are on 200 of the held-out images.
    #[test]
    fn trained_networks_tell_digits_apart() {
        for (name, right) in [("digits_gap", 192), ("digits_full", 199)] {
            let network = weights::read(&targets(&format!("{name}.safetensors"))).unwrap();
            let images = Images::read(&targets(&format!("{name}_test.npz")), &network, false).unwrap();
            assert_eq!((images.images().len(), images.size(), images.max_norm()), (200, (8, 8), 1.0));
            let same = images.compare(&network, &network);
            let expected = Comparison {
                images: 200,
                target_right: right,
                pruned_right: right,
                differ: 0,
                output_error: 0.0,
                logit_error: 0.0,
            };
            assert_eq!(same, expected, "{name}");
        }
    }

    #[test]
    fn errors_and_different_decisions_are_counted() {
        let network = |weights: [f64; 2]| {
            let kernel = Kernel::new(2, 1, 1, weights.to_vec()).unwrap();
            Network::new(vec![Layer { kernel, stride: 1, pad: 0 }]).unwrap()
        };
        let image = |x: f64| Image::new(1, 1, 2, vec![x, 2.0 * x]).unwrap();
        let images = Images { images: vec![image(1.0), image(-1.0), image(0.0)], labels: vec![1, 0, 0] };
        // Logits 1.5 x (1, 2) and 1.5 x (1, 0.5); equal ones are decided for the first class.
        let compared = images.compare(&network([1.0, 2.0]), &network([1.0, 0.5]));
        let expected =
            Comparison { images: 3, target_right: 3, pruned_right: 1, differ: 2, output_error: 3.0, logit_error: 2.25 };
        assert_eq!(compared, expected);
    }

    #[test]
    fn outputs_that_overflow_are_no_agreement() {
        let network = |weight| {
            let kernel = Kernel::new(1, 1, 1, vec![weight]).unwrap();
            Network::new(vec![Layer { kernel, stride: 1, pad: 0 }]).unwrap()
        };
        let pixels = [1.0, 1e300, 2.0].map(|x| Image::new(1, 1, 1, vec![x]).unwrap());
        let images = Images { images: pixels.to_vec(), labels: vec![0; 3] };
        let compared = images.compare(&network(1e200), &network(1e200));
        assert!(compared.output_error.is_nan() && compared.logit_error.is_nan(), "{compared:?}");
    }

    fn member(writer: &mut zip::ZipWriter<std::io::Cursor<Vec<u8>>>, name: &str, shape: &str, numbers: &[f64]) {
        use std::io::Write;
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        let numbers: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        let length = (header.len() as u16).to_le_bytes();
        writer.write_all(&[b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &numbers].concat()).unwrap();
    }

    #[test]
    fn layouts_and_labels_of_other_libraries_are_read_or_refused_with_what_to_write() {
        let network = |inputs| {
            let kernel = Kernel::from_fn(2, inputs, 1, |o, i, _, _| (o + i) as f64 + 1.0);
            Network::new(vec![Layer { kernel, stride: 1, pad: 0 }]).unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let read = |inputs, x: (&str, &str, &[f64]), y: (&str, &str, &[f64])| {
            let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            member(&mut writer, x.0, x.1, x.2);
            member(&mut writer, y.0, y.1, y.2);
            std::fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
            Images::read(&path, &network(inputs), false)
        };
        let x: Vec<f64> = (0..12).map(|i| f64::from(i) / 16.0).collect();
        let first = read(3, ("x", "(1, 3, 2, 2)", &x), ("y", "(1,)", &[1.0])).unwrap();
        let last: Vec<f64> = (0..4).flat_map(|p| [x[p], x[4 + p], x[8 + p]]).collect();
        assert_eq!(read(3, ("images", "(1, 2, 2, 3)", &last), ("labels", "(1, 2)", &[0.0, 1.0])).unwrap(), first);
        let flat = read(1, ("X", "(3, 2, 2)", &x), ("Y", "(3, 1)", &[0.0, 1.0, 0.0])).unwrap();
        assert_eq!((flat.images().len(), flat.size(), &flat.labels[..]), (3, (2, 2), &[0, 1, 0][..]));
        let whole: Vec<f64> = x.iter().map(|x| 16.0 * 20.0 * x).collect();
        for (result, what) in [
            (read(1, ("x", "(3, 4)", &x), ("y", "(3,)", &[0.0; 3])), "x = x.reshape(-1, 1, 2, 2)"),
            (
                read(1, ("x", "(3, 1, 2, 2)", &whole), ("y", "(3,)", &[0.0; 3])),
                "whole numbers up to 220, as images of integers do: scale",
            ),
            (read(1, ("x", "(3, 1, 2, 2)", &x), ("y", "(3, 2)", &[0.5; 6])), "y.argmax(1)"),
            (read(1, ("x", "(3, 1, 2, 2)", &x), ("y", "(2,)", &[0.0; 2])), "one label for each of the 3 images"),
            (read(1, ("x", "(3, 1, 2, 2)", &x), ("z", "(3,)", &[0.0; 3])), "a.npz has no array y, but x, z: save"),
            (read(2, ("x", "(3, 1, 4, 1)", &x), ("y", "(3,)", &[0.0; 3])), "of the 2 channels"),
        ] {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
    }
}
