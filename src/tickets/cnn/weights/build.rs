//! A network from modules and an architecture: linear layers as convolutions, batch norm folded, pooling as a fixed layer.

use super::architecture::{Architecture, Step, Weighted};
use super::modules::{Kind, Module, attached, find, in_order, modules, not_there, roomy_gap};
use super::tensors::Tensors;
use super::{Biases, Reading};
use crate::error::{Error, Result};
use crate::tickets::cnn::{Kernel, Layer, Network, Role};

/// A layer that is being built.
struct Built {
    name: String,
    layer: Layer,
    bias: Option<Vec<f64>>,
    /// Whether a ReLU follows.
    rectified: bool,
    fixed: bool,
    whole: bool,
    /// How it is read, in words.
    words: String,
}

/// A step with its tensors.
enum Placed<'a> {
    Weighted(&'a Weighted, Module),
    Norm(Module, f64),
    Other(&'a Step),
}

/// The network of a file's tensors.
pub(super) fn build(tensors: &Tensors, stated: Option<&Architecture>, biases: Biases) -> Result<Reading> {
    let stated = stated.or(tensors.arch.as_ref());
    let modules = modules(tensors)?;
    refuse_biases(tensors, &modules, biases)?;
    let inferred;
    let arch = match stated {
        Some(arch) => arch,
        None => {
            inferred = inferred_arch(tensors, &modules)?;
            &inferred
        }
    };
    let placed = place(tensors, arch, &modules)?;
    let numbers = tensors.list.iter().map(|(_, shape)| shape.iter().product::<usize>());
    tensors.check_room(numbers.fold(0, usize::saturating_add))?;
    let mut builder =
        Builder { tensors, arch, biases, layers: Vec::new(), flat: false, averaged: false, is_over: false };
    let last = placed.iter().rposition(|step| matches!(step, Placed::Weighted(..)));
    for (index, step) in placed.iter().enumerate() {
        let more = last.is_some_and(|last| index < last);
        let relu_before_weights = placed[index..]
            .iter()
            .find_map(|step| match step {
                Placed::Weighted(..) => Some(false),
                Placed::Other(Step::Relu) => Some(true),
                _ => None,
            })
            .unwrap_or(false);
        builder.step(step, more, relu_before_weights)?;
    }
    let plain = modules.iter().all(|module| module.kind == Kind::Conv && is_plain_name(&module.name))
        && !arch.steps.iter().any(|step| matches!(step, Step::Pool { .. } | Step::GlobalPool));
    let words = builder.words();
    let network = builder.finish()?;
    let said = (!plain).then(|| format!("{} is read as {words}", tensors.file));
    Ok(Reading { network, said })
}

/// Whether it is conv<i>, the number without zeros before it.
fn is_plain_name(name: &str) -> bool {
    let number = name.strip_prefix("conv").and_then(|number| number.parse::<usize>().ok());
    number.is_some_and(|number| name == format!("conv{number}"))
}

fn refuse_biases(tensors: &Tensors, modules: &[Module], biases: Biases) -> Result<()> {
    let norm = modules.iter().find(|module| module.kind == Kind::Norm);
    let bias = modules.iter().find_map(|module| module.bias.as_ref().filter(|_| module.kind != Kind::Norm));
    match (biases, bias, norm) {
        (Biases::Refused, Some((bias, _)), _) => {
            Err(tensors
                .wrong(bias, "it is a bias, which the paper's networks do not have: train without, or say --biases"))
        }
        (Biases::Refused, None, Some(norm)) => {
            let tensor = norm.mean.as_ref().or(norm.variance.as_ref()).map_or(norm.name.as_str(), |(name, _)| name);
            Err(tensors.wrong(
                tensor,
                "it is of a batch norm, which folds into the layer before it as factors and a bias, and the paper's networks have \
                 no biases: train without, or say --biases",
            ))
        }
        (Biases::Taken, None, None) => Err(Error::input(format!(
            "{} holds no biases NAME.bias and no batch norm: leave --biases out",
            tensors.file
        ))),
        _ => Ok(()),
    }
}

/// Where nothing is said about the architecture: convolutions of stride 1 whose padding keeps the image's size, in the order of
/// their names.
fn inferred_arch(tensors: &Tensors, modules: &[Module]) -> Result<Architecture> {
    let (weighted, norms) = split(modules);
    let order = in_order(tensors, &weighted)?;
    let Some(order) = order else {
        return Err(ask(tensors, &weighted, "its names leave the order of the layers open"));
    };
    if let Some(linear) = order.iter().find(|module| module.kind == Kind::Linear) {
        let why = format!("{} is linear, and what stands before it is not said", linear.tensor());
        return Err(ask(tensors, &order, &why));
    }
    if let Some((before, after)) = roomy_gap(&order, &norms) {
        let why = format!("between {} and {} there is room for more than a ReLU", before.name, after.name);
        return Err(ask(tensors, &order, &why));
    }
    let step = |module: &Module| {
        let side = module.weight.as_ref().map_or(1, |(_, shape)| shape[2]);
        if side.is_multiple_of(2) {
            return Err(tensors.wrong(
                &module.tensor(),
                &format!(
                    "no padding keeps the size for an even side of {side}: give arch, or say --arch {}",
                    example(&order)
                ),
            ));
        }
        let (cin, cout, k) = (None, None, None);
        let name = Some(module.name.clone());
        Ok(Step::Weighted(Weighted {
            name,
            linear: false,
            cin,
            cout,
            k,
            stride: 1,
            pad: side.saturating_sub(1) / 2,
            fixed: false,
        }))
    };
    let steps = order.iter().map(step).collect::<Result<Vec<Step>>>()?;
    Ok(Architecture { source: tensors.file.into(), steps, leak: 0.0 })
}

fn split(modules: &[Module]) -> (Vec<Module>, Vec<Module>) {
    modules.iter().cloned().partition(|module| module.kind != Kind::Norm)
}

/// Asks for an architecture, with one to begin with.
fn ask(tensors: &Tensors, order: &[Module], why: &str) -> Error {
    Error::input(format!(
        "{}: {why}: write the layers into a file, net.toml, such as\n  {}\nwith stride, pad and average pooling ({{avgpool = 2}}) \
         as the network has them, and say --arch net.toml",
        tensors.file,
        example(order)
    ))
}

/// An architecture of these layers that can be read.
fn example(order: &[Module]) -> String {
    let mut words = Vec::new();
    let mut flat = false;
    for (index, module) in order.iter().enumerate() {
        if index > 0 {
            words.push("\"relu\"".to_string());
        }
        let side = module.weight.as_ref().and_then(|(_, shape)| shape.get(2)).copied().unwrap_or(1);
        if module.kind == Kind::Linear {
            if !flat && index > 0 {
                words.push("\"flatten\"".into());
            }
            flat = true;
            words.push(format!("{{linear = {:?}}}", module.name));
        } else {
            words.push(format!("{{conv = {:?}, pad = {}}}", module.name, side.saturating_sub(1) / 2));
        }
    }
    format!("layers = [{}]", words.join(", "))
}

/// Gives every step its tensors.
fn place<'a>(tensors: &Tensors, arch: &'a Architecture, modules: &[Module]) -> Result<Vec<Placed<'a>>> {
    let (weighted, norms) = split(modules);
    let named = arch.weighted().filter(|layer| layer.name.is_some()).count();
    let count = arch.weighted().count();
    let mut next =
        if named == count { Vec::new() } else { unnamed(tensors, arch, &weighted, named, count)? }.into_iter();
    let mut placed = Vec::new();
    let has_norms = arch.steps.iter().any(|step| matches!(step, Step::Norm { .. }));
    let mut left: Vec<Module> = modules.to_vec();
    let mut next_norm = norms.iter();
    let mut take = |name: &str| -> Result<Module> {
        let module = find(modules, name).ok_or_else(|| not_there(tensors, &arch.source, name, modules))?;
        match left.iter().position(|other| other.name == module.name) {
            Some(index) => Ok(left.remove(index)),
            None => Err(Error::input(format!("{}: {name} stands there twice: name each layer once", arch.source))),
        }
    };
    for step in &arch.steps {
        match step {
            Step::Weighted(layer) => {
                let name = match &layer.name {
                    Some(name) => name.clone(),
                    None => next.next().expect("as many as there are steps").name,
                };
                placed.push(Placed::Weighted(layer, take(&name)?));
            }
            Step::Norm { name, eps } => {
                let name = match name {
                    Some(name) => name.clone(),
                    None => next_norm.next().map(|norm| norm.name.clone()).ok_or_else(|| {
                        Error::input(format!("{}: {} holds fewer batch norms: leave it out", arch.source, tensors.file))
                    })?,
                };
                placed.push(Placed::Norm(take(&name)?, *eps));
            }
            other => placed.push(Placed::Other(other)),
        }
    }
    if !has_norms {
        attach_norms(tensors, &norms, &mut placed)?;
        left.retain(|module| module.kind != Kind::Norm);
    }
    match left.first() {
        None => Ok(placed),
        Some(module) => {
            let tensor = if module.kind == Kind::Norm { module.name.clone() } else { module.tensor() };
            Err(tensors.wrong(
                &tensor,
                &format!("it is in no layer of {}: list every layer, or leave it out of the file", arch.source),
            ))
        }
    }
}

/// The layers with weights for the steps that name none.
fn unnamed(
    tensors: &Tensors,
    arch: &Architecture,
    weighted: &[Module],
    named: usize,
    count: usize,
) -> Result<Vec<Module>> {
    if named > 0 {
        return Err(Error::input(format!("{}: some layers have names and some have none: name all", arch.source)));
    }
    if weighted.len() != count {
        return Err(Error::input(format!(
            "{} lists {count} layers with weights, and {} holds {} ({}): list every layer",
            arch.source,
            tensors.file,
            weighted.len(),
            weighted.iter().map(Module::tensor).collect::<Vec<_>>().join(", ")
        )));
    }
    let order = in_order(tensors, weighted)?;
    order.ok_or_else(|| ask(tensors, weighted, "its names leave the order of the layers open"))
}

/// Puts batch norms of which the architecture says nothing behind the layers whose numbers they have.
fn attach_norms(tensors: &Tensors, norms: &[Module], placed: &mut Vec<Placed>) -> Result<()> {
    for norm in norms {
        let order: Vec<Module> = placed
            .iter()
            .filter_map(|step| match step {
                Placed::Weighted(_, module) => Some(module.clone()),
                _ => None,
            })
            .collect();
        let Some(behind) = attached(&order, norm) else {
            return Err(ask(
                tensors,
                &order,
                &format!(
                    "{} is a batch norm, and its name does not say behind which layer it stands ({{batchnorm = {:?}}})",
                    norm.name, norm.name
                ),
            ));
        };
        let is_behind = |step: &Placed| matches!(step, Placed::Weighted(_, module) if module.name == behind.name);
        let index = placed.iter().position(is_behind).expect("it was found there");
        placed.insert(index + 1, Placed::Norm(norm.clone(), 1e-5));
    }
    Ok(())
}

struct Builder<'a> {
    tensors: &'a Tensors<'a>,
    arch: &'a Architecture,
    biases: Biases,
    layers: Vec<Built>,
    /// Whether what follows sees all pixels as one vector.
    flat: bool,
    /// Whether an average over all pixels stands there.
    averaged: bool,
    /// Whether the one layer that can follow such an average is there.
    is_over: bool,
}

impl Builder<'_> {
    fn wrong(&self, what: &str) -> Error {
        Error::input(format!("{}: {what}", self.arch.source))
    }

    /// One step. `more` layers with weights may follow; a ReLU may before them.
    fn step(&mut self, step: &Placed, more: bool, relu_before_weights: bool) -> Result<()> {
        match step {
            Placed::Weighted(layer, module) => self.weighted(layer, module),
            Placed::Norm(norm, eps) => self.norm(norm, *eps),
            Placed::Other(Step::Relu) => self.relu(more),
            Placed::Other(Step::Flatten) => {
                self.flat = !self.averaged;
                Ok(())
            }
            Placed::Other(Step::GlobalPool) => {
                self.averaged = true;
                Ok(())
            }
            Placed::Other(Step::Pool { side, stride }) => self.pool(*side, *stride, more, relu_before_weights),
            Placed::Other(_) => Ok(()),
        }
    }

    fn relu(&mut self, more: bool) -> Result<()> {
        if !more {
            return Err(self.wrong("a ReLU follows the last layer, where the paper's networks have none: leave it out"));
        }
        match self.layers.last_mut() {
            Some(last) if !last.rectified => last.rectified = true,
            Some(_) => return Err(self.wrong("two ReLUs follow one another, with no layer between: leave one out")),
            None => return Err(self.wrong("a ReLU stands before the first layer: apply it to the images")),
        }
        Ok(())
    }

    fn weighted(&mut self, layer: &Weighted, module: &Module) -> Result<()> {
        let states_relus = self.arch.states_relus();
        if self.is_over {
            return Err(self.wrong(
                "behind an average over all pixels only one layer can follow: where the map's size is known, write {avgpool: SIDE} \
                 and flatten instead",
            ));
        }
        if let Some(last) = self.layers.last_mut() {
            if !last.rectified && states_relus {
                let name = last.name.clone();
                return Err(self.wrong(&format!(
                    "no ReLU stands between {name} and {}: the paper's networks have one behind every layer but the last",
                    module.name
                )));
            }
            last.rectified = true;
        }
        let (kernel, whole) = self.kernel(layer, module)?;
        if self.averaged && kernel.side() > 1 {
            let (name, side) = (&module.name, kernel.side());
            return Err(self.wrong(&format!(
                "an average over all pixels leaves one, and {name} looks at {side} x {side}: put the average behind it, or \
                 write {{avgpool: SIDE}} where the map's size is known"
            )));
        }
        let bias = match (&module.bias, self.biases) {
            (Some((name, shape)), Biases::Taken) => {
                if shape.len() != 1 {
                    let shape = crate::arrays::shape_text(shape);
                    return Err(self.tensors.wrong(name, &format!("its shape is {shape}: give (out,)")));
                }
                Some(self.tensors.read(name)?.data)
            }
            _ => None,
        };
        let (stride, pad) = (layer.stride, layer.pad);
        let (outputs, inputs, side) = (kernel.outputs(), kernel.inputs(), kernel.side());
        let words = match module.kind {
            Kind::Linear if whole => format!("{} (linear over {inputs} x {side} x {side}) ->{outputs}", module.name),
            Kind::Linear => format!("{} (linear, as 1x1) {inputs}->{outputs}", module.name),
            _ => format!("{} {side}x{side} {inputs}->{outputs} stride {stride} pad {pad}", module.name),
        };
        let name = module.tensor();
        let name = name.strip_suffix(".weight").unwrap_or(&name).to_string();
        let fixed = layer.fixed;
        let layer = Layer { kernel, stride, pad };
        self.layers.push(Built { name, layer, bias, rectified: false, fixed, whole, words });
        self.flat = false;
        self.is_over = self.averaged;
        Ok(())
    }

    /// The kernel of a layer, and whether it sees all of a flattened map.
    fn kernel(&self, layer: &Weighted, module: &Module) -> Result<(Kernel, bool)> {
        let (tensor, shape) = module.weight.as_ref().expect("it has weights");
        let wrong = |what: String| self.tensors.wrong(tensor, &what);
        let shape_text = crate::arrays::shape_text(shape);
        let before = self.layers.last().map(|last| last.layer.kernel.outputs());
        let (inputs, side, whole) = match shape[..] {
            [_, inputs, rows, columns] => {
                if rows != columns {
                    return Err(wrong(format!("its windows are {rows} x {columns}: give square ones")));
                }
                if layer.linear {
                    return Err(wrong(format!(
                        "its shape is {shape_text}, that of a convolution: say conv, not linear"
                    )));
                }
                if self.flat {
                    return Err(wrong(
                        "it stands behind flatten, where only linear layers can: leave flatten out".into(),
                    ));
                }
                (inputs, rows, false)
            }
            _ => {
                let inputs = shape[1];
                let channels = match (before, layer.cin, layer.k) {
                    (Some(before), ..) => before,
                    (None, _, Some(k)) if k > 0 => inputs / (k * k),
                    (None, Some(cin), _) => cin,
                    (None, None, _) if self.flat => {
                        return Err(wrong(
                            "it is the first layer, behind flatten: say of how many channels the images are, as in {linear: \
                             \"NAME\", cin: 1}"
                                .into(),
                        ));
                    }
                    _ => inputs,
                };
                let (side, whole) = self.flattened(tensor, inputs, channels)?;
                (channels, side, whole)
            }
        };
        let said = [("cout", layer.cout, shape[0]), ("cin", layer.cin, inputs), ("k", layer.k, side)];
        let linear_features = shape.len() == 2 && layer.cin == Some(shape[1]);
        if said
            .iter()
            .any(|(name, said, is)| said.is_some_and(|said| said != *is) && !(*name == "cin" && linear_features))
        {
            let [cout, cin, k] = said.map(|(_, said, is)| said.unwrap_or(is));
            let groups = if cin > inputs && cin.is_multiple_of(inputs) && shape.len() == 4 {
                "; convolutions in groups, whose filters see some channels only, are not taken"
            } else {
                ""
            };
            return Err(wrong(format!(
                "its shape (out, in, row, column) is {shape_text}, and arch says cout = {cout}, cin = {cin} and k = {k}: make them \
                 agree{groups}"
            )));
        }
        if let Some(before) = before.filter(|before| *before != inputs) {
            let last = self.layers.last().expect("something stands before it");
            let groups = if before.is_multiple_of(inputs) && before > inputs && shape.len() == 4 {
                " (a convolution in groups, whose filters see some channels only, is not taken: the theorem's see all)"
            } else {
                ""
            };
            return Err(wrong(format!(
                "{} has {before} outputs and {} takes {inputs} inputs: make them equal{groups}",
                last.name, module.name
            )));
        }
        let data = self.tensors.read(tensor)?.data;
        let kernel = Kernel::new(shape[0], inputs, side, data).map_err(|error| wrong(error.to_string()))?;
        Ok((kernel, whole))
    }

    /// The side of the map that a linear layer sees, and whether it must see all of it.
    fn flattened(&self, tensor: &str, inputs: usize, channels: usize) -> Result<(usize, bool)> {
        let wrong = |what: String| self.tensors.wrong(tensor, &what);
        if inputs == channels && (!self.flat || self.averaged) {
            return Ok((1, false));
        }
        if self.averaged {
            return Err(wrong(format!(
                "it takes {inputs} inputs, and an average over {channels} channels stands before it: make them equal"
            )));
        }
        if channels == 0 || !inputs.is_multiple_of(channels) {
            return Err(wrong(format!(
                "it takes {inputs} inputs, and {channels} channels stand before it, of which that is no multiple: check the layers \
                 before it"
            )));
        }
        let side = (inputs / channels).isqrt();
        if channels * side * side != inputs {
            return Err(wrong(format!(
                "it takes {inputs} inputs, {} of each of {channels} channels, which is no square map: kernels must be square",
                inputs / channels
            )));
        }
        // A linear layer behind another sees one pixel.
        let behind_linear = self.layers.last().is_some_and(|last| last.whole);
        if behind_linear && side > 1 {
            return Err(wrong(format!(
                "it takes {inputs} inputs, and the layer before it has {channels} outputs: make them equal"
            )));
        }
        Ok((side, true))
    }

    fn norm(&mut self, norm: &Module, eps: f64) -> Result<()> {
        let name = &norm.name;
        let place = |what: &str| {
            Error::input(format!(
                "{}, tensor {name}: this batch norm {what}: only one right behind a convolution or linear layer folds into it",
                self.tensors.file
            ))
        };
        let Some(last) = self.layers.last() else { return Err(place("stands before the first layer")) };
        if last.fixed || last.rectified {
            return Err(place("stands behind a ReLU or pooling"));
        }
        let outputs = last.layer.kernel.outputs();
        let read = |part: &Option<(String, Vec<usize>)>, other: Option<f64>, what: &str| -> Result<Vec<f64>> {
            match (part, other) {
                (Some((tensor, shape)), _) if shape[..] != [outputs] => Err(self.tensors.wrong(
                    tensor,
                    &format!(
                        "its shape is {}, and {} has {outputs} outputs: give ({outputs},)",
                        crate::arrays::shape_text(shape),
                        last.name
                    ),
                )),
                (Some((tensor, _)), _) => Ok(self.tensors.read(tensor)?.data),
                (None, Some(other)) => Ok(vec![other; outputs]),
                (None, None) => {
                    Err(self.tensors.wrong(&format!("{name}.{what}"), "it is missing: save the whole batch norm"))
                }
            }
        };
        let (factors, biases) = (read(&norm.weight, Some(1.0), "weight")?, read(&norm.bias, Some(0.0), "bias")?);
        let (means, variances) = (read(&norm.mean, None, "running_mean")?, read(&norm.variance, None, "running_var")?);
        let scales: Vec<f64> =
            factors.iter().zip(&variances).map(|(factor, variance)| factor / (variance + eps).sqrt()).collect();
        if !scales.iter().chain(&means).chain(&biases).all(|x| x.is_finite()) {
            return Err(self
                .tensors
                .wrong(name, "this batch norm has a variance below 0, or numbers that are not finite"));
        }
        let last = self.layers.last_mut().expect("it was there");
        let kernel = &last.layer.kernel;
        let before = last.bias.take().unwrap_or_else(|| vec![0.0; outputs]);
        if before.len() != outputs {
            return Err(self.tensors.wrong(
                &format!("{}.bias", last.name),
                &format!("it has {} entries for {outputs} outputs: give one each", before.len()),
            ));
        }
        last.bias = Some((0..outputs).map(|o| (before[o] - means[o]) * scales[o] + biases[o]).collect());
        last.layer.kernel =
            Kernel::from_fn(outputs, kernel.inputs(), kernel.side(), |o, i, r, s| scales[o] * kernel.at(o, i, r, s));
        last.words += &format!(" with batch norm {name} (eps {eps:e})");
        Ok(())
    }

    /// Average pooling: behind a ReLU a layer of its own that is not pruned, before one a part of the convolution that it follows.
    fn pool(&mut self, side: usize, stride: usize, more: bool, relu_before_weights: bool) -> Result<()> {
        if self.flat || self.layers.iter().any(|built| built.whole) {
            return Err(self.wrong("average pooling stands behind a flattened map: leave it out"));
        }
        let Some(last) = self.layers.last_mut() else {
            return Err(
                self.wrong("average pooling stands before the first layer: pool the images instead, and leave it out")
            );
        };
        let implied = !self.arch.states_relus() && more;
        if !implied && !last.rectified {
            if more && !relu_before_weights {
                let name = last.name.clone();
                return Err(self.wrong(&format!(
                    "no ReLU stands between {name} and the layer behind its pooling: the paper's networks have one behind every \
                     layer but the last"
                )));
            }
            last.layer = pooled(&last.layer, side, stride);
            last.words += &format!(" with average pooling {side} stride {stride}");
            return Ok(());
        }
        last.rectified = true;
        let channels = last.layer.kernel.outputs();
        let weight = 1.0 / (side * side) as f64;
        let kernel = Kernel::from_fn(channels, channels, side, |o, i, _, _| if o == i { weight } else { 0.0 });
        let name = format!("avgpool after {}", last.name);
        let layer = Layer { kernel, stride, pad: 0 };
        let words = format!("average pooling {side} stride {stride}");
        self.layers.push(Built { name, layer, bias: None, rectified: true, fixed: true, whole: false, words });
        Ok(())
    }

    /// What was read, in words.
    fn words(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for (index, built) in self.layers.iter().enumerate() {
            words.push(&built.words);
            if index + 1 < self.layers.len() && !built.fixed {
                words.push("ReLU");
            }
        }
        words.join(", ")
    }

    fn finish(mut self) -> Result<Network> {
        if self.layers.is_empty() {
            return Err(Error::input(format!(
                "{}: a network needs at least one layer: give conv0.weight",
                self.tensors.file
            )));
        }
        if self.averaged && self.layers.iter().any(|built| built.whole) {
            return Err(self.wrong("an average over all pixels stands behind a flattened map: leave it out"));
        }
        let in_file = |error: Error| error.at(self.tensors.file);
        let biases: Vec<Vec<f64>> = self
            .layers
            .iter_mut()
            .map(|built| built.bias.take().unwrap_or_else(|| vec![0.0; built.layer.kernel.outputs()]))
            .collect();
        let role = |built: &Built| Role { name: built.name.clone(), fixed: built.fixed, whole: built.whole };
        let roles = self.layers.iter().map(role).collect();
        let layers = self.layers.iter().map(|built| built.layer.clone()).collect();
        let network = Network::new(layers).and_then(|network| network.with_roles(roles)).map_err(in_file)?;
        let network = network.with_leak(self.arch.leak).map_err(|error| self.wrong(&error.to_string()))?;
        if self.biases == Biases::Refused { Ok(network) } else { network.with_biases(&biases).map_err(in_file) }
    }
}

/// A convolution and the average pooling of its outputs as one convolution.
fn pooled(layer: &Layer, side: usize, stride: usize) -> Layer {
    let kernel = &layer.kernel;
    let whole = kernel.side() + (side - 1) * layer.stride;
    let share = 1.0 / (side * side) as f64;
    // At (r, s) of the whole lies every entry of the kernel that a window of the pool puts there.
    let reached =
        |at: usize| (0..side).filter_map(move |a| at.checked_sub(a * layer.stride).filter(|&r| r < kernel.side()));
    let sums = Kernel::from_fn(kernel.outputs(), kernel.inputs(), whole, |o, i, r, s| {
        reached(r).map(|r| reached(s).map(|s| kernel.at(o, i, r, s)).sum::<f64>()).sum::<f64>() * share
    });
    Layer { kernel: sums, stride: layer.stride * stride, pad: layer.pad }
}
