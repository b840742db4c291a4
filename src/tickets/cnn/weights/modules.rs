//! Modules from tensors by their names, as PyTorch's state dicts have them, and the order in which they stand in the network.

use super::architecture::refusal;
use super::tensors::Tensors;
use crate::error::{Error, Result};

/// The tensors of one layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Module {
    /// What its tensors' names begin with.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) weight: Option<(String, Vec<usize>)>,
    pub(super) bias: Option<(String, Vec<usize>)>,
    pub(super) mean: Option<(String, Vec<usize>)>,
    pub(super) variance: Option<(String, Vec<usize>)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A weight of (out, in, row, column).
    Conv,
    /// A weight of (out, in).
    Linear,
    /// Running mean and variance.
    Norm,
}

impl Module {
    /// Outputs and inputs of a layer with weights.
    pub(super) fn channels(&self) -> (usize, usize) {
        self.weight.as_ref().map_or((0, 0), |(_, shape)| (shape[0], shape[1]))
    }

    /// How many channels a batch norm has.
    fn norm_channels(&self) -> Option<usize> {
        self.mean.as_ref().map(|(_, shape)| shape.iter().product())
    }

    /// Whether a layer with weights can follow another.
    fn can_follow(&self, before: &Module) -> bool {
        let (outputs, inputs) = (before.channels().0, self.channels().1);
        match (before.kind, self.kind) {
            (Kind::Linear, Kind::Conv) => false,
            (Kind::Conv, Kind::Linear) => outputs > 0 && inputs.is_multiple_of(outputs),
            _ => outputs == inputs,
        }
    }
}

/// What connections around layers are called; a layer of this name itself may be any.
const AROUND: [&str; 6] = ["downsample", "shortcut", "residual", "add", "cat", "concat"];

/// What a tensor is of, by the end of its name, and why it cannot be taken.
const ODD: [(&[&str], &str); 7] = [
    (
        &["weight_orig", "weight_mask", "bias_orig", "bias_mask"],
        "it is masked by torch.nn.utils.prune: call prune.remove(module, \"weight\") and save again",
    ),
    (
        &["weight_u", "weight_sigma"],
        "it is a part of a spectral norm: call torch.nn.utils.remove_spectral_norm(module) and save again",
    ),
    (
        &["weight_g", "weight_v"],
        "it is a part of a weight norm: call torch.nn.utils.remove_weight_norm(module) and save again",
    ),
    (
        &["original0", "original1", "original"],
        "it is a parametrization: call torch.nn.utils.parametrize.remove_parametrizations(module, \"weight\") and save again",
    ),
    (
        &["scale", "zero_point", "_packed_params"],
        "it is quantised: save the network before it is quantised, or its dequantised weights",
    ),
    (
        &["kernel", "kernel:0", "gamma:0", "moving_mean:0"],
        "it is named as Keras and Flax do, which keep kernels as (row, column, in, out): transpose them by (3, 2, 0, 1) and call them NAME.weight",
    ),
    (
        &["in_proj_weight", "in_proj_bias", "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"],
        "it is of an attention or recurrent layer, which is no convolution",
    ),
];

/// The modules of a file, in the order of their tensors' names.
pub(super) fn modules(tensors: &Tensors) -> Result<Vec<Module>> {
    let mut modules: Vec<Module> = Vec::new();
    for (tensor, shape) in &tensors.list {
        let (name, part) = split(tensor, shape);
        let index = modules.iter().position(|module| module.name == name).unwrap_or_else(|| {
            let (weight, bias, mean, variance) = Default::default();
            modules.push(Module { name: name.into(), kind: Kind::Conv, weight, bias, mean, variance });
            modules.len() - 1
        });
        let module = &mut modules[index];
        let place = match part {
            "weight" => &mut module.weight,
            "bias" => &mut module.bias,
            "running_mean" => &mut module.mean,
            "running_var" => &mut module.variance,
            "num_batches_tracked" => continue,
            _ => {
                // A spectral norm's weight_orig and weight_v are named as those of a mask and of a weight norm.
                let vector = format!("{name}.weight_u");
                let part = if tensors.list.iter().any(|(other, _)| *other == vector) { "weight_u" } else { part };
                let odd = ODD.iter().find(|(parts, _)| parts.contains(&part)).map(|(_, why)| (*why).to_string());
                return Err(tensors.wrong(tensor, &odd.unwrap_or_else(|| unknown(shape))));
            }
        };
        *place = Some((tensor.clone(), shape.clone()));
    }
    modules.retain(|module| {
        [&module.weight, &module.bias, &module.mean, &module.variance].iter().any(|part| part.is_some())
    });
    modules.iter_mut().try_for_each(|module| {
        module.kind = kind(tensors, module)?;
        Ok(())
    })?;
    if !tensors.is_in_order {
        modules.sort_by_key(|module| natural(&module.name));
    }
    Ok(modules)
}

/// The module's name and the part of it that a tensor is. What ends in no known way and has the axes of a weight is one.
fn split<'a>(tensor: &'a str, shape: &[usize]) -> (&'a str, &'a str) {
    match tensor.rsplit_once(['.', '/']) {
        Some(parts) => parts,
        None if ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].contains(&tensor) => {
            ("", tensor)
        }
        None if matches!(shape.len(), 2 | 4) => (tensor, "weight"),
        None => (tensor, ""),
    }
}

fn unknown(shape: &[usize]) -> String {
    match shape.len() {
        1 => "it is no tensor NAME.weight, and has one axis: if it is a bias, call it NAME.bias after its layer".into(),
        _ => "it is no tensor NAME.weight: leave it out, or if it is a layer of the network, call it so".into(),
    }
}

fn kind(tensors: &Tensors, module: &Module) -> Result<Kind> {
    let last = module.name.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or("");
    let word = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let around = module.name.rsplit('.').skip(1).find(|part| AROUND.contains(part));
    if let Some(word) = around {
        let tensor = module.weight.as_ref().or(module.bias.as_ref()).map_or(module.name.as_str(), |(name, _)| name);
        return Err(tensors.wrong(tensor, &format!("{word} is {}", refusal(word).unwrap_or("no layer of a chain"))));
    }
    if module.mean.is_some() || module.variance.is_some() {
        return Ok(Kind::Norm);
    }
    let Some((tensor, shape)) = &module.weight else {
        let (bias, _) = module.bias.as_ref().expect("a module has a tensor");
        return Err(tensors.wrong(
            bias,
            "it is a bias of no convolution: call it NAME.bias where its layer's weights are NAME.weight",
        ));
    };
    let shape_text = || crate::arrays::shape_text(shape);
    if shape.contains(&0) {
        return Err(tensors.wrong(tensor, &format!("its shape {} is empty: give at least 1 everywhere", shape_text())));
    }
    match (refusal(word), shape.len()) {
        (Some(why), _) if !AROUND.contains(&word) => Err(tensors.wrong(tensor, &format!("{word} is {why}"))),
        (_, 4) => Ok(Kind::Conv),
        (_, 2) => Ok(Kind::Linear),
        (_, 1) => Err(tensors.wrong(
            tensor,
            &format!(
                "its shape is {}: a batch norm comes with running_mean and running_var; a layer or group norm and PReLU are not \
                 taken; of a convolution give (out, in, row, column)",
                shape_text()
            ),
        )),
        (_, 3 | 5) => Err(tensors.wrong(
            tensor,
            &format!("its shape is {}: only convolutions over two axes are taken; give (out, in, row, column)", shape_text()),
        )),
        _ => Err(tensors.wrong(tensor, &format!("its shape is {}: give (out, in, row, column)", shape_text()))),
    }
}

/// What is compared in natural order: texts, and numbers by their value.
pub(super) fn natural(name: &str) -> Vec<(String, u64, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(digits);
        let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        key.push((text.to_string(), number.parse().unwrap_or(u64::MAX), number.to_string()));
        rest = after;
    }
    key
}

/// The name with `#` for each number, and the numbers.
fn template(name: &str) -> (String, Vec<u64>) {
    let key = natural(name);
    let text =
        key.iter().map(|(text, _, number)| if number.is_empty() { text.clone() } else { format!("{text}#") }).collect();
    (text, key.iter().filter(|(.., number)| !number.is_empty()).map(|(_, number, _)| *number).collect())
}

/// Groups that are put in order; of more there are too many orders.
const MOST_GROUPS: usize = 6;

/// The layers with weights in the only order in which their channels chain and numbers rise; none where there are several.
pub(super) fn in_order(tensors: &Tensors, weighted: &[Module]) -> Result<Option<Vec<Module>>> {
    let mut groups: Vec<(String, Vec<Module>)> = Vec::new();
    for module in weighted {
        let template = template(&module.name).0;
        match groups.iter_mut().find(|(other, _)| *other == template) {
            Some((_, group)) => group.push(module.clone()),
            None => groups.push((template, vec![module.clone()])),
        }
    }
    for (_, group) in &mut groups {
        group.sort_by_key(|module| natural(&module.name));
        check_numbers(tensors, group)?;
    }
    if groups.len() == 1 {
        return Ok(groups.pop().map(|(_, group)| group));
    }
    let chains = |order: &[Module]| order.windows(2).all(|pair| pair[1].can_follow(&pair[0]));
    if tensors.is_in_order && chains(weighted) {
        return Ok(Some(weighted.to_vec()));
    }
    if groups.len() > MOST_GROUPS {
        return Ok(None);
    }
    let mut found =
        orders(groups.into_iter().map(|(_, group)| group).collect()).into_iter().filter(|order| chains(order));
    Ok(match (found.next(), found.next()) {
        (Some(order), None) => Some(order),
        _ => None,
    })
}

/// All orders of the groups, one after another.
fn orders(groups: Vec<Vec<Module>>) -> Vec<Vec<Module>> {
    if groups.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..groups.len() {
        let mut rest = groups.clone();
        let group = rest.remove(first);
        all.extend(orders(rest).into_iter().map(|order| [group.clone(), order].concat()));
    }
    all
}

/// Refuses gaps between numbers that belong to names (conv1, conv3), and two of one number.
fn check_numbers(tensors: &Tensors, group: &[Module]) -> Result<()> {
    for pair in group.windows(2) {
        let [(text, first), (_, second)] = [&pair[0], &pair[1]].map(|module| template(&module.name));
        if first == second {
            return Err(tensors.wrong(
                &pair[1].tensor(),
                &format!("it has the number of {}: give each layer its own", pair[0].tensor()),
            ));
        }
        // Between the numbers of a Sequential stand modules without weights.
        let named = text.ends_with('#') && !text.ends_with(".#") && text != "#" && first.len() == 1;
        if named && second[0] - first[0] > 1 {
            let missing = text.replacen('#', &(first[0] + 1).to_string(), 1);
            return Err(tensors.wrong(
                &format!("{missing}.weight"),
                "it is missing: store all layers, or say with --arch which layers there are",
            ));
        }
    }
    Ok(())
}

impl Module {
    /// The name of its weights.
    pub(super) fn tensor(&self) -> String {
        self.weight.as_ref().map_or_else(|| self.name.clone(), |(name, _)| name.clone())
    }
}

/// Where the numbers of a Sequential leave room for more than a ReLU between two convolutions: such as for pooling.
pub(super) fn roomy_gap<'a>(order: &'a [Module], norms: &[Module]) -> Option<(&'a Module, &'a Module)> {
    let sequential = |name: &str| -> Option<(String, u64)> {
        let (text, numbers) = template(name);
        (text == "#" || text.ends_with(".#")).then(|| Some((text, *numbers.last()?)))?
    };
    order.windows(2).map(|pair| (&pair[0], &pair[1])).find(|(before, after)| {
        let (Some((text, first)), Some((other, last))) = (sequential(&before.name), sequential(&after.name)) else {
            return false;
        };
        let between = norms.iter().filter_map(|norm| sequential(&norm.name));
        let norms =
            between.filter(|(template, number)| *template == text && (first..last).contains(number)).count() as u64;
        text == other && last - first > 2 + norms
    })
}

/// For each batch norm the layer that it stands behind: of the same numbers, or just before it in a Sequential.
pub(super) fn attached<'a>(order: &'a [Module], norm: &Module) -> Option<&'a Module> {
    let (text, numbers) = template(&norm.name);
    let channels = norm.norm_channels();
    let fits = |module: &&Module| Some(module.channels().0) == channels;
    let mut same = order.iter().filter(|module| template(&module.name).0 == text);
    if let Some(before) = same.rfind(|module| natural(&module.name) < natural(&norm.name)) {
        let distance = numbers.last()?.checked_sub(*template(&before.name).1.last()?)?;
        return Some(before).filter(|_| distance == 1).filter(fits);
    }
    let mut like = order.iter().filter(|module| template(&module.name).1 == numbers);
    match (like.next(), like.next()) {
        (Some(module), None) => Some(module).filter(fits),
        _ => None,
    }
}

/// The module of this name, or the only one whose name ends so.
pub(super) fn find<'a>(modules: &'a [Module], name: &str) -> Option<&'a Module> {
    if let Some(module) = modules.iter().find(|module| module.name == name) {
        return Some(module);
    }
    let mut ending =
        modules.iter().filter(|module| module.name.strip_suffix(name).is_some_and(|before| before.ends_with('.')));
    ending.next().filter(|_| ending.next().is_none())
}

/// An error that names what is not there.
pub(super) fn not_there(tensors: &Tensors, arch: &str, name: &str, modules: &[Module]) -> Error {
    let there: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    Error::input(format!(
        "{arch}: {} holds no tensor {name}.weight, but those of {}: name one of these",
        tensors.file,
        there.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let mut names = ["conv10", "conv2", "features.10", "features.9", "conv1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["conv1", "conv2", "conv10", "features.9", "features.10"]);
        assert_eq!(template("layers.0.conv12"), ("layers.#.conv#".into(), vec![0, 12]));
    }
}
