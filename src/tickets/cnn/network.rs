//! Networks of the paper's form: convolutions without bias, ReLU between them and none after the last.

use serde::{Deserialize, Serialize};

use super::{Image, Kernel, convolve, output_side};
use crate::error::{Error, Result};

/// One layer's shape, as the metadata key `arch` of a weights file writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerShape {
    /// Input channels.
    pub cin: usize,
    /// Output channels.
    pub cout: usize,
    /// Side of the kernel.
    pub k: usize,
    /// Stride, at least 1.
    pub stride: usize,
    /// Zero padding on every side.
    pub pad: usize,
}

/// One convolution of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The weights.
    pub kernel: Kernel,
    /// The stride, at least 1.
    pub stride: usize,
    /// The zero padding on every side.
    pub pad: usize,
}

impl Layer {
    /// The layer's shape, as the metadata key `arch` writes it.
    pub fn shape(&self) -> LayerShape {
        let (cin, cout) = (self.kernel.inputs(), self.kernel.outputs());
        LayerShape { cin, cout, k: self.kernel.side(), stride: self.stride, pad: self.pad }
    }

    /// The convolution of `image`, which must fit (see [`Layer::output_shape`]).
    pub fn forward(&self, image: &Image) -> Image {
        convolve(&self.kernel, image, self.stride, self.pad)
    }

    /// Rows and columns of the output for an input of so many rows and columns.
    ///
    /// # Errors
    /// When the kernel does not fit into the padded image.
    pub fn output_shape(&self, rows: usize, columns: usize) -> Result<(usize, usize)> {
        let side = |pixels| output_side(pixels, self.kernel.side(), self.stride, self.pad);
        side(rows).zip(side(columns)).ok_or_else(|| {
            Error::Shape(format!(
                "a kernel of side {} with padding {} does not fit into {rows} x {columns} pixels: give larger images or \
                 more padding",
                self.kernel.side(),
                self.pad
            ))
        })
    }
}

/// What a layer is beside its convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name of the layer's tensors, without `.weight`.
    pub name: String,
    /// Whether the layer is part of every network that stands in for this one, as it is: average pooling is such a layer.
    pub fixed: bool,
    /// Whether the kernel sees all of its input at once, as a linear layer behind a flattened image does: the input must then be
    /// as large as the kernel.
    pub whole: bool,
}

impl Role {
    /// An ordinary layer's, called `conv<index>`.
    pub fn conv(index: usize) -> Self {
        Role { name: format!("conv{index}"), fixed: false, whole: false }
    }
}

/// Convolutions with ReLU between them and none after the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    layers: Vec<Layer>,
    /// One for each layer.
    roles: Vec<Role>,
    /// The slope of the ReLU below 0; 0 in the paper's networks.
    leak: f64,
}

/// The ReLU of every value.
pub fn relu(image: &Image) -> Image {
    image.positive()
}

impl Network {
    /// A network of layers whose channels chain.
    ///
    /// # Errors
    /// When there is no layer, a stride is 0, a kernel has side 0, or a layer's inputs are not the previous layer's
    /// outputs.
    pub fn new(layers: Vec<Layer>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::input("a network needs at least one layer: give conv0.weight"));
        }
        for (index, layer) in layers.iter().enumerate() {
            if layer.stride == 0 || layer.kernel.side() == 0 {
                return Err(Error::input(format!("layer {index} has stride or side 0: give at least 1")));
            }
        }
        for (index, pair) in layers.windows(2).enumerate() {
            let (outputs, inputs) = (pair[0].kernel.outputs(), pair[1].kernel.inputs());
            if outputs != inputs {
                return Err(Error::Shape(format!(
                    "layer {index} has {outputs} outputs and layer {} takes {inputs} inputs: make them equal",
                    index + 1
                )));
            }
        }
        let roles = (0..layers.len()).map(Role::conv).collect();
        Ok(Network { layers, roles, leak: 0.0 })
    }

    /// The same layers in other roles, one for each.
    ///
    /// # Errors
    /// When there is not one for each layer, none is left to be approximated, or a fixed layer stands behind leaky ReLUs.
    pub fn with_roles(self, roles: Vec<Role>) -> Result<Self> {
        if roles.len() != self.layers.len() || roles.iter().all(|role| role.fixed) {
            return Err(Error::Shape(format!(
                "{} roles for {} layers: give one each, not all of them fixed",
                roles.len(),
                self.layers.len()
            )));
        }
        let leak = self.leak;
        Network { roles, ..self }.with_leak(leak)
    }

    /// The same layers with leaky ReLUs of slope `leak` between them.
    ///
    /// # Errors
    /// When the slope is not at least 0 and less than 1.
    pub fn with_leak(self, leak: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&leak) {
            return Err(Error::input(format!("the leaky ReLU's slope is {leak}: give a number from 0 to below 1")));
        }
        // Behind a ReLU an average is not negative, so that one more ReLU changes nothing. Behind a leaky one it would.
        if let Some(index) = self.roles.iter().position(|role| role.fixed && leak > 0.0) {
            return Err(Error::input(format!(
                "{} is average pooling, which is taken behind ReLUs of slope 0 only, and the slope is {leak}: leave the slope out",
                self.roles[index].name
            )));
        }
        Ok(Network { leak, ..self })
    }

    /// The slope of the ReLU below 0.
    pub fn leak(&self) -> f64 {
        self.leak
    }

    /// The network that adds `biases` to the outputs of its layers, as one without biases: every layer but the last has one
    /// more output channel, which is always 1, and every layer reads it as its last input channel, the first from the image.
    ///
    /// # Errors
    /// When there is not one bias an output, one is not finite, or a layer has so much padding that a window can miss
    /// the image in its middle: there it would not read the channel of ones.
    pub fn with_biases(&self, biases: &[Vec<f64>]) -> Result<Self> {
        if biases.len() != self.layers.len() {
            return Err(Error::Shape(format!(
                "{} layers and {} biases: give one each",
                self.layers.len(),
                biases.len()
            )));
        }
        let lift = |(index, (layer, bias)): (usize, (&Layer, &Vec<f64>))| {
            let LayerShape { cin, cout, k, pad, .. } = layer.shape();
            let name = &self.roles[index].name;
            if bias.len() != cout {
                return Err(Error::Shape(format!(
                    "{name}.bias: it has {} entries for {cout} outputs: give one each",
                    bias.len()
                )));
            }
            // The image's pixel under this entry of the kernel is at the stride's multiples: always inside it.
            if 2 * pad + 1 > k {
                return Err(Error::input(format!(
                    "{name}.weight: its padding is {pad}, and where a network has biases, the padding around a kernel of \
                     side {k} is at most {}: pad less, or leave --biases out",
                    (k - 1) / 2
                )));
            }
            let ones = usize::from(index + 1 < self.layers.len());
            let kernel = Kernel::from_fn(cout + ones, cin + 1, k, |o, i, r, s| match (o < cout, i < cin) {
                (true, true) => layer.kernel.at(o, i, r, s),
                (false, true) => 0.0,
                _ if (r, s) != (pad, pad) => 0.0,
                (true, false) => bias[o],
                (false, false) => 1.0,
            });
            Ok(Layer { kernel, ..*layer })
        };
        let layers = self.layers.iter().zip(biases).enumerate().map(lift).collect::<Result<Vec<Layer>>>()?;
        if let Some(index) = biases.iter().position(|bias| bias.iter().any(|b| !b.is_finite())) {
            let name = &self.roles[index].name;
            return Err(Error::input(format!("{name}.bias: it holds NaN or infinity: give finite numbers")));
        }
        Network::new(layers)?.with_roles(self.roles.clone())?.with_leak(self.leak)
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What the layers are beside their convolutions.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The name of a layer's weights.
    pub fn tensor(&self, index: usize) -> String {
        format!("{}.weight", self.roles[index].name)
    }

    /// The layers that are not fixed: those that are approximated.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.layers.len()).filter(|&index| !self.roles[index].fixed)
    }

    /// How many layers are not fixed: the theorem's l.
    pub fn depth(&self) -> usize {
        self.places().count()
    }

    /// Channels of the input.
    pub fn inputs(&self) -> usize {
        self.layers[0].kernel.inputs()
    }

    /// Channels of the output.
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].kernel.outputs()
    }

    /// The side of an output pixel's receptive field: of the least image in which all of its windows can be whole. Where
    /// strides make it larger than any number, the largest number.
    pub fn receptive_field(&self) -> usize {
        let behind = |side: usize, layer: &Layer| (side - 1).saturating_mul(layer.stride);
        self.layers.iter().rev().fold(1, |side, layer| behind(side, layer).saturating_add(layer.kernel.side()))
    }

    /// Rows and columns of the input of every layer and, last, of the network's output.
    ///
    /// # Errors
    /// When a kernel does not fit into its padded input, or one that sees all of its input is smaller.
    pub fn shapes(&self, rows: usize, columns: usize) -> Result<Vec<(usize, usize)>> {
        let mut shapes = vec![(rows, columns)];
        for (layer, role) in self.layers.iter().zip(&self.roles) {
            let (height, width) = shapes[shapes.len() - 1];
            let side = layer.kernel.side();
            if role.whole && (height, width) != (side, side) {
                let least = self.least_side().map(|side| format!(", such as {side} x {side}")).unwrap_or_default();
                return Err(Error::Shape(format!(
                    "{}.weight is a linear layer over {side} x {side} pixels, and inputs of {rows} x {columns} leave {height} x \
                     {width} there: give inputs of the size that it was trained on{least}",
                    role.name
                )));
            }
            shapes.push(layer.output_shape(height, width)?);
        }
        Ok(shapes)
    }

    /// The side of the least square input of which a linear layer behind a flattened image sees all, where there is one.
    pub fn least_side(&self) -> Option<usize> {
        let whole = self.roles.iter().position(|role| role.whole)?;
        self.layers[..whole].iter().rev().try_fold(self.layers[whole].kernel.side(), |side, layer| {
            let padded = (side - 1).checked_mul(layer.stride)?.checked_add(layer.kernel.side())?;
            padded.checked_sub(2 * layer.pad).filter(|&side| side > 0)
        })
    }

    /// The network's output. The image must have [`Network::inputs`] channels and a size that [`Network::shapes`]
    /// accepts.
    pub fn forward(&self, image: &Image) -> Image {
        let (first, rest) = self.layers.split_first().expect("a network has a layer");
        rest.iter().fold(first.forward(image), |hidden, layer| layer.forward(&hidden.leaky(self.leak)))
    }

    /// The network with every layer divided by its norm_1, and the factor f with `self(X) = f * scaled(X)`: a ReLU
    /// network without bias is positively homogeneous in every layer.
    ///
    /// # Errors
    /// When a layer is all zeros, or so small or large that its norm cannot be divided by.
    pub fn scaled(&self) -> Result<(Network, f64)> {
        let mut factor = 1.0;
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            if self.roles[index].fixed {
                layers.push(layer.clone());
                continue;
            }
            let norm = layer.kernel.norm1();
            if !(norm.is_normal() && norm.recip().is_finite()) {
                return Err(Error::input(format!(
                    "layer {index} has norm1 = {norm}: it cannot be scaled to norm 1; rescale the weights, no layer all zeros"
                )));
            }
            factor *= norm;
            layers.push(Layer { kernel: layer.kernel.map(|x| x / norm), ..*layer });
        }
        Ok((Network { layers, roles: self.roles.clone(), leak: self.leak }, factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn layer(outputs: usize, inputs: usize, side: usize, stream: &mut Stream) -> Layer {
        Layer { kernel: Kernel::normal(outputs, inputs, side, stream), stride: 1, pad: side / 2 }
    }

    #[test]
    fn relu_stands_between_layers_and_not_after_the_last() {
        let one = |weight| Layer { kernel: Kernel::new(1, 1, 1, vec![weight]).unwrap(), stride: 1, pad: 0 };
        let network = Network::new(vec![one(-1.0), one(-2.0)]).unwrap();
        let image = Image::new(1, 1, 2, vec![3.0, -3.0]).unwrap();
        let output: Vec<f64> = network.forward(&image).data().iter().map(|&x| x + 0.0).collect();
        assert_eq!(output, [0.0, -6.0]);
    }

    #[test]
    fn biases_are_a_channel_of_ones() {
        let mut stream = Stream::new(7, 8);
        let layers = vec![
            Layer { kernel: Kernel::normal(3, 2, 3, &mut stream), stride: 2, pad: 1 },
            Layer { kernel: Kernel::normal(2, 3, 2, &mut stream), stride: 1, pad: 0 },
        ];
        let biases = vec![vec![0.5, -1.0, 2.0], vec![-0.25, 3.0]];
        let network = Network::new(layers.clone()).unwrap().with_leak(0.1).unwrap();
        let lifted = network.with_biases(&biases).unwrap();
        let image = Image::from_fn(2, 5, 6, |c, r, s| ((c + 3 * r + 7 * s) % 5) as f64 - 2.0);
        let add = |image: &Image, bias: &[f64]| {
            Image::from_fn(image.channels(), image.rows(), image.columns(), |c, r, s| image.at(c, r, s) + bias[c])
        };
        let hidden = add(&layers[0].forward(&image), &biases[0]).leaky(0.1);
        let expected = add(&layers[1].forward(&hidden), &biases[1]);
        assert!(lifted.forward(&image.with_ones()).distance(&expected) < 1e-12);
        assert_eq!(image.with_ones().without_last(), image);
        assert!(network.with_biases(&biases[..1]).is_err());
        assert!(network.with_biases(&[biases[1].clone(), biases[0].clone()]).is_err());
        let padded =
            Network::new(vec![Layer { kernel: Kernel::normal(1, 1, 2, &mut stream), stride: 1, pad: 1 }]).unwrap();
        let message = padded.with_biases(&[vec![1.0]]).unwrap_err().to_string();
        assert!(message.contains("conv0.weight: its padding is 1") && message.contains("at most 0"), "{message}");
    }

    #[test]
    fn receptive_fields_grow_by_strides_and_do_not_overflow() {
        let strided = |stride| Layer { kernel: Kernel::zeros(1, 1, 3), stride, pad: 0 };
        let field = |stride, depth| Network::new(vec![strided(stride); depth]).unwrap().receptive_field();
        assert_eq!((field(1, 2), field(2, 3)), (5, 15));
        assert_eq!(field(4096, 9), usize::MAX);
    }

    #[test]
    fn leaky_relus_leak() {
        let one = |weight| Layer { kernel: Kernel::new(1, 1, 1, vec![weight]).unwrap(), stride: 1, pad: 0 };
        let network = Network::new(vec![one(-1.0), one(-2.0)]).unwrap().with_leak(0.25).unwrap();
        let image = Image::new(1, 1, 2, vec![4.0, -3.0]).unwrap();
        assert_eq!(network.forward(&image).data(), [2.0, -6.0]);
        assert_eq!(network.scaled().unwrap().0.leak(), 0.25);
        for leak in [-0.1, 1.0, f64::NAN] {
            assert!(network.clone().with_leak(leak).is_err());
        }
    }

    #[test]
    fn scaling_changes_the_output_by_the_factor_returned() {
        let mut stream = Stream::new(3, 4);
        let network = Network::new(vec![layer(4, 2, 3, &mut stream), layer(3, 4, 3, &mut stream)]).unwrap();
        let (scaled, factor) = network.scaled().unwrap();
        let image = Image::from_fn(2, 5, 6, |c, r, s| ((c + 3 * r + 7 * s) % 5) as f64 - 2.0);
        assert!(network.forward(&image).distance(&scaled.forward(&image).map(|x| factor * x)) < 1e-10);
        assert!(scaled.layers().iter().all(|layer| (layer.kernel.norm1() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn layers_must_chain_and_fit() {
        let mut stream = Stream::new(5, 6);
        assert!(Network::new(vec![]).is_err());
        let error = Network::new(vec![layer(4, 2, 3, &mut stream), layer(3, 5, 3, &mut stream)]).unwrap_err();
        assert!(error.to_string().contains("layer 0 has 4 outputs and layer 1 takes 5 inputs"), "{error}");
        let wide = Layer { kernel: Kernel::zeros(1, 1, 9), stride: 1, pad: 0 };
        assert!(Network::new(vec![wide]).unwrap().shapes(8, 8).is_err());
    }
}
