//! Labelled images from `.npz` files, and how well networks tell them apart.

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
    /// Reads the arrays `x` (N, C, H, W) and `y` (N) of a `.npz` file, for a network of so many input channels and classes. With
    /// `ones`, the network's last input channel is always 1 and not in the file.
    ///
    /// # Errors
    /// When the file cannot be read, the arrays are not there or disagree, the images do not suit the network, a pixel is
    /// not finite, or a label is none of the classes.
    pub fn read(path: &Path, network: &Network, ones: bool) -> Result<Self> {
        let inputs = network.inputs() - usize::from(ones);
        let name = path.display();
        let [x, y] = arrays::read_members(path, ["x", "y"])?;
        let wrong = |array: &Array, what: &str, mend: String| {
            Error::input(format!("{name}: {what} has the shape {}: {mend}", array.shape_text()))
        };
        let &[count, channels, rows, columns] = &x.shape[..] else {
            return Err(wrong(&x, "x", "give images as (N, C, H, W)".into()));
        };
        if count == 0 || channels != inputs {
            let mend = format!("give at least one image, of the {inputs} channels that the network takes");
            return Err(wrong(&x, "x", mend));
        }
        network.shapes(rows, columns).map_err(|error| Error::input(format!("{name}: x: {error}")))?;
        if y.shape != [count] {
            return Err(wrong(&y, "y", format!("give one label for each of the {count} images")));
        }
        let classes = network.outputs();
        let is_class = |&label: &f64| label.trunc() == label && (0.0..classes as f64).contains(&label);
        if let Some(index) = y.data.iter().position(|label| !is_class(label)) {
            return Err(Error::input(format!(
                "{name}: label {index} (from 0) of y is {}: give whole numbers from 0 to {}, as the network has {classes} \
                 outputs",
                y.data[index],
                classes - 1
            )));
        }
        let image = |(index, pixels): (usize, &[f64])| {
            Image::new(channels, rows, columns, pixels.to_vec())
                .map(|image| if ones { image.with_ones() } else { image })
                .map_err(|error| Error::input(format!("{name}: image {index} (from 0) of x: {error}")))
        };
        let pixels = channels * rows * columns;
        let images = x.data.chunks_exact(pixels).enumerate().map(image).collect::<Result<Vec<Image>>>()?;
        Ok(Images { images, labels: y.data.iter().map(|&label| label as usize).collect() })
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
        let compare = |(image, &label): (&Image, &usize)| {
            let (wanted, got) = (target.forward(image), pruned.forward(image));
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
    use crate::cnn::{Kernel, Layer, weights};

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
}
