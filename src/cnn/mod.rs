//! Convolutional networks without bias, as the paper assumes them: images, kernels, convolution, ReLU, masks, weights.

pub mod convolution;
pub mod images;
pub mod mask;
pub mod network;
pub mod tensor;
pub mod weights;

pub use convolution::{convolve, output_side, unfold};
pub use images::{Comparison, Images};
pub use network::{Layer, LayerShape, Network, relu};
pub use tensor::{Image, Kernel};
