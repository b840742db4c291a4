//! A network's architecture as a JSON or TOML text states it: a list of layers, first to last.
//!
//! An entry is a word (`"relu"`, `"flatten"`), or a table that names a layer's tensors (`{conv = "conv1", pad = 2}`), or one of five
//! numbers, `{cin, cout, k, stride, pad}`, whose tensors are the next ones of the file.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A larger stride than any image needs, so that sizes cannot overflow.
pub(super) const MOST_STRIDE: usize = 1 << 12;
/// More padding than any image needs.
pub(super) const MOST_PADDING: usize = 1 << 12;
/// Larger than any number of channels.
pub(super) const MOST_SIZE: f64 = 1e9;
/// What PyTorch adds to variances.
const USUAL_EPS: f64 = 1e-5;

/// The layers of a network, first to last.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Where it stands, for messages.
    pub(super) source: String,
    pub(super) steps: Vec<Step>,
    /// The slope of the ReLUs below 0.
    pub(super) leak: f64,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A layer with weights.
    Weighted(Weighted),
    /// Batch norm, of these tensors or the next ones.
    Norm { name: Option<String>, eps: f64 },
    /// Average pooling.
    Pool { side: usize, stride: usize },
    /// The average over all that is left.
    GlobalPool,
    /// ReLU.
    Relu,
    /// What follows sees all pixels as one vector.
    Flatten,
}

/// A convolution or a linear layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weighted {
    /// Its tensors; without a name the next ones.
    pub(super) name: Option<String>,
    /// Whether it is said to be linear.
    pub(super) linear: bool,
    pub(super) cin: Option<usize>,
    pub(super) cout: Option<usize>,
    pub(super) k: Option<usize>,
    pub(super) stride: usize,
    pub(super) pad: usize,
    /// Whether it is part of the pruned network as it is.
    pub(super) fixed: bool,
}

/// What is no layer of a network that can be pruned, by its plain name, and why.
const REFUSED: [(&[&str], &str); 9] = [
    (
        &["maxpool", "adaptivemaxpool", "maxpooling"],
        "max pooling, which is no linear layer, so that the theorem and its certificate do not cover it: train with average pooling",
    ),
    (
        &["convtranspose", "deconv", "upsample", "interpolate"],
        "a layer that enlarges images, which is no convolution of the paper's kind: prune the part before it",
    ),
    (
        &["groupnorm", "layernorm", "instancenorm", "localresponsenorm", "lrn"],
        "a normalisation by the input's own mean, which does not fold into weights: train with batch norm, or without",
    ),
    (
        &["add", "residual", "shortcut", "downsample", "concat", "cat"],
        "a connection around layers, which the paper's networks do not have: they are chains",
    ),
    (
        &[
            "sigmoid",
            "tanh",
            "gelu",
            "silu",
            "swish",
            "elu",
            "selu",
            "celu",
            "relu6",
            "hardswish",
            "hardtanh",
            "mish",
            "softplus",
            "prelu",
        ],
        "another activation than ReLU: the pairs that stand in for layers are made for ReLU (or leaky ReLU, {leakyrelu: slope})",
    ),
    (&["softmax", "logsoftmax"], "softmax, which does not change the class that is largest: leave it out"),
    (&["conv1d", "conv3d"], "a convolution of other than two axes: only images are taken"),
    (
        &["depthwise", "depthwiseconv", "groupedconv", "separableconv"],
        "a convolution in groups, whose filters see some channels only; the theorem's see all",
    ),
    (&["lstm", "gru", "rnn", "attention", "multiheadattention", "embedding"], "no convolution"),
];

/// The words for what does nothing once a network is trained.
const NOTHING: [&str; 3] = ["dropout", "identity", "alphadropout"];

/// Why a thing is refused, if it is known by this name.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    let plain = plain(name);
    REFUSED.iter().find(|(names, _)| names.contains(&plain.as_str())).map(|(_, why)| *why)
}

/// The name in small letters, without `_`, `-` and the `2d` of PyTorch.
fn plain(name: &str) -> String {
    let small: String = name.to_lowercase().chars().filter(|letter| !"_- ".contains(*letter)).collect();
    small.strip_suffix("2d").map(String::from).unwrap_or(small)
}

impl Architecture {
    /// Reads a JSON list of layers, or a JSON or TOML table with the list `layers`, from a file; by its ending, TOML or JSON.
    ///
    /// # Errors
    /// When the file cannot be read, or is no such text; the message names the entry and what to write.
    pub fn read(path: &Path) -> Result<Self> {
        let source = format!("--arch {}", path.display());
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        if path.extension().is_none_or(|ending| ending != "toml") {
            return Architecture::parse(&source, &text);
        }
        let value: Value = toml::from_str(&text).map_err(|error| {
            Error::input(format!("{source} is not TOML ({}): write layers = [...]", error.to_string().trim_end()))
        })?;
        Architecture::of_value(&source, &value)
    }

    /// The architecture in a JSON text, which stands at `source`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(source: &str, text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Error::input(format!(
                "{source} is not a JSON list of {{cin, cout, k, stride, pad}} ({error}): write one such entry a layer"
            ))
        })?;
        Architecture::of_value(source, &value)
    }

    /// Plain convolutions, whose tensors are the next ones of the file.
    pub(super) fn of_shapes(source: &str, shapes: impl Iterator<Item = super::LayerShape>) -> Self {
        let step = |shape: super::LayerShape| {
            let (cin, cout, k) = (Some(shape.cin), Some(shape.cout), Some(shape.k));
            let (stride, pad) = (shape.stride, shape.pad);
            Step::Weighted(Weighted { name: None, linear: false, cin, cout, k, stride, pad, fixed: false })
        };
        Architecture { source: source.into(), steps: shapes.map(step).collect(), leak: 0.0 }
    }

    fn of_value(source: &str, value: &Value) -> Result<Self> {
        let wrong = |what: String| Error::input(format!("{source}: {what}"));
        let list = match value {
            Value::Array(list) => list,
            Value::Object(table) => match table.get("layers") {
                Some(Value::Array(list)) if table.len() == 1 => list,
                _ => return Err(wrong("write one list, layers = [...]".into())),
            },
            _ => {
                return Err(wrong(
                    "it is not a JSON list of {cin, cout, k, stride, pad}: write one such entry a layer".into(),
                ));
            }
        };
        let mut reader = Reader { steps: Vec::new(), relus: Vec::new(), leaks: Vec::new() };
        for (index, entry) in list.iter().enumerate() {
            reader.entry(entry).map_err(|what| wrong(format!("entry {index} (from 0): {what}")))?;
        }
        reader.finish().map_err(wrong).map(|(steps, leak)| Architecture { source: source.into(), steps, leak })
    }

    /// Whether ReLUs are stated; otherwise one follows every layer with weights but the last.
    pub(super) fn states_relus(&self) -> bool {
        self.steps.contains(&Step::Relu)
    }

    /// The layers with weights.
    pub(super) fn weighted(&self) -> impl Iterator<Item = &Weighted> {
        self.steps.iter().filter_map(|step| match step {
            Step::Weighted(weighted) => Some(weighted),
            _ => None,
        })
    }
}

type Read<T> = std::result::Result<T, String>;

/// Reads entries one after another.
struct Reader {
    steps: Vec<Step>,
    /// What tables say about ReLUs: which layer with weights, and whether one follows.
    relus: Vec<(usize, bool)>,
    /// The slopes below 0, with the layer with weights before them.
    leaks: Vec<(usize, f64)>,
}

impl Reader {
    fn count(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Weighted(_))).count()
    }

    fn entry(&mut self, entry: &Value) -> Read<()> {
        match entry {
            Value::String(word) => self.word(word),
            Value::Object(table) => self.table(table),
            _ => Err(format!(
                "{entry} is neither a word such as \"relu\" nor a table such as {{conv: \"conv1\", pad: 1}}"
            )),
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        match plain(word).as_str() {
            "relu" => self.steps.push(Step::Relu),
            "flatten" => self.steps.push(Step::Flatten),
            "gap" | "globalavgpool" | "adaptiveavgpool" | "globalaveragepooling" => self.steps.push(Step::GlobalPool),
            name if NOTHING.contains(&name) => {}
            _ => {
                return Err(match refusal(word) {
                    Some(why) => format!("{word} is {why}"),
                    None => format!(
                        "{word:?} is not known: the words are relu, flatten, gap and dropout; tables are {{conv: \"NAME\", stride, \
                         pad}}, {{linear: \"NAME\"}}, {{batchnorm: \"NAME\", eps}}, {{avgpool: SIDE, stride}}, {{leakyrelu: SLOPE}}"
                    ),
                });
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Map<String, Value>) -> Read<()> {
        let mut fields = Fields::new(table)?;
        let kinds = ["conv", "linear", "batchnorm", "avgpool", "leakyrelu", "adaptiveavgpool", "gap"];
        let kind = kinds.into_iter().find(|kind| fields.has(kind));
        match kind {
            None | Some("conv" | "linear") => self.weighted(&mut fields, kind)?,
            Some("batchnorm") => {
                let name = fields.text("batchnorm")?;
                let eps = fields.number("eps")?.unwrap_or(USUAL_EPS);
                if !(0.0..=1e3).contains(&eps) {
                    return Err(format!("eps = {eps}: give what the batch norm adds to variances, such as 1e-5"));
                }
                self.steps.push(Step::Norm { name, eps });
            }
            Some("avgpool") => {
                let side = fields.size("avgpool")?.unwrap_or(0);
                self.pool(&mut fields, side)?;
            }
            Some("leakyrelu") => {
                let slope = fields.number("leakyrelu")?.unwrap_or(0.0);
                self.leaks.push((self.count(), slope));
                self.steps.push(Step::Relu);
            }
            Some(all) => {
                let side = fields.size(all)?;
                if side.is_some_and(|side| side != 1) {
                    return Err(
                        "an average to other than 1 x 1 depends on the size of the map: write {avgpool: SIDE, stride}"
                            .into(),
                    );
                }
                self.steps.push(Step::GlobalPool);
            }
        }
        fields.finish()
    }

    fn pool(&mut self, fields: &mut Fields, side: usize) -> Read<()> {
        if !(1..=MOST_STRIDE).contains(&side) {
            return Err(format!("it pools over {side} pixels a side: give 1 to {MOST_STRIDE}"));
        }
        let stride = fields.size("stride")?.unwrap_or(side);
        check_stride(stride)?;
        if fields.size("pad")?.is_some_and(|pad| pad > 0) {
            return Err("it pads before it averages, which is not taken: give pad = 0".into());
        }
        if fields.flag("ceil_mode")? == Some(true) {
            return Err("with ceil_mode it averages over parts of windows, which is not taken: give false".into());
        }
        fields.flag("count_include_pad")?;
        self.steps.push(Step::Pool { side, stride });
        Ok(())
    }

    fn weighted(&mut self, fields: &mut Fields, kind: Option<&'static str>) -> Read<()> {
        let plain_entry = kind.is_none();
        let name = kind.map(|kind| fields.text(kind)).transpose()?.flatten();
        let [cin, cout, k, stride, pad] = ["cin", "cout", "k", "stride", "pad"].map(|key| fields.size(key));
        let (cin, cout, k, stride, pad) = (cin?, cout?, k?, stride?, pad?);
        if plain_entry && [cin, cout, k, stride, pad].contains(&None) {
            return Err(
                "it is neither {cin, cout, k, stride, pad}, all five, nor does it say what it is, as {conv: \"NAME\"} does".into(),
            );
        }
        for key in ["groups", "dilation"] {
            if fields.size(key)?.is_some_and(|value| value != 1) {
                return Err(match key {
                    "groups" => "a convolution in groups, whose filters see some channels only, is not taken: the theorem's see all",
                    _ => "a dilated convolution is not taken: its kernel has holes, and the theorem's has none",
                }
                .into());
            }
        }
        if fields.text("padding_mode")?.is_some_and(|mode| mode != "zeros") {
            return Err("only padding with zeros is taken".into());
        }
        fields.flag("bias")?;
        let (stride, pad) = (stride.unwrap_or(1), pad.unwrap_or(0));
        check_stride(stride)?;
        if pad > MOST_PADDING {
            return Err(format!("it pads by {pad}: give at most {MOST_PADDING}"));
        }
        let index = self.count();
        if let Some(relu) = fields.flag("relu")? {
            self.relus.push((index, relu));
        }
        if let Some(leak) = fields.number("leak")? {
            self.leaks.push((index + 1, leak));
        }
        let fixed = fields.flag("fixed")?.unwrap_or(false);
        let linear = kind == Some("linear");
        self.steps.push(Step::Weighted(Weighted { name, linear, cin, cout, k, stride, pad, fixed }));
        if fields.has_side("pool")? {
            let side = fields.size("pool")?.unwrap_or(0);
            self.steps.push(Step::Pool { side, stride: side });
            if !(1..=MOST_STRIDE).contains(&side) {
                return Err(format!("it pools over {side} pixels a side: give 1 to {MOST_STRIDE}"));
            }
        }
        Ok(())
    }

    fn finish(self) -> Read<(Vec<Step>, f64)> {
        let count = self.count();
        let between = |index: usize| index + 1 < count;
        if let Some((index, relu)) = self.relus.iter().find(|(index, relu)| *relu != between(*index)) {
            return Err(format!(
                "it says relu = {relu} of layer {index}: a ReLU follows every layer but the last, so write relu = {}",
                !relu
            ));
        }
        let mut leaks = self.leaks.iter().filter(|(before, _)| *before < count);
        let leak = leaks.next().map_or(0.0, |(_, leak)| *leak);
        let said: Vec<usize> =
            self.leaks.iter().filter(|(before, _)| *before < count).map(|(before, _)| *before).collect();
        let everywhere = said.is_empty() || (1..count).all(|before| said.contains(&before));
        if leaks.any(|(_, other)| *other != leak) || (leak != 0.0 && !everywhere) {
            return Err("its ReLUs have more than one leak: give one slope everywhere".into());
        }
        Ok((self.steps, leak))
    }
}

fn check_stride(stride: usize) -> Read<()> {
    if (1..=MOST_STRIDE).contains(&stride) {
        Ok(())
    } else {
        Err(format!("it has stride {stride}: give 1 to {MOST_STRIDE}"))
    }
}

/// The fields of a table, by their plain names.
struct Fields<'a> {
    table: &'a Map<String, Value>,
    /// The fields that nobody has asked for yet.
    left: Vec<&'a str>,
}

/// Other names of fields, plain.
const ALSO: [(&str, &[&str]); 7] = [
    ("linear", &["fc"]),
    ("batchnorm", &["bn", "norm"]),
    ("avgpool", &["averagepooling"]),
    ("pad", &["padding"]),
    ("k", &["kernelsize"]),
    ("cin", &["inchannels", "infeatures"]),
    ("cout", &["outchannels", "outfeatures"]),
];

impl<'a> Fields<'a> {
    fn new(table: &'a Map<String, Value>) -> Read<Self> {
        if let Some((name, why)) = table.keys().find_map(|name| refusal(name).map(|why| (name, why))) {
            return Err(format!("{name} is {why}"));
        }
        Ok(Fields { table, left: table.keys().map(String::as_str).collect() })
    }

    fn has(&self, key: &str) -> bool {
        self.key(key).is_some()
    }

    /// The name by which the table has a field.
    fn key(&self, key: &str) -> Option<&'a str> {
        let also = ALSO.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, also)| also);
        let is_it = |name: &&str| plain(name) == plain(key) || also.contains(&plain(name).as_str());
        self.table.keys().map(String::as_str).find(is_it)
    }

    fn take(&mut self, key: &str) -> Option<&'a Value> {
        let key = self.key(key)?;
        self.left.retain(|left| *left != key);
        self.table.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Read<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("{key} = {other}: give a text in quotation marks")),
        }
    }

    /// Whether the field is there; refuses kinds of pooling that are not averages.
    fn has_side(&mut self, key: &str) -> Read<bool> {
        match self.key(key).and_then(|key| self.table.get(key)) {
            None => Ok(false),
            Some(Value::String(text)) => Err(match refusal(text).or_else(|| refusal(&format!("{text}pool"))) {
                Some(why) => format!("{key} = {text:?} is {why}"),
                None => format!("{key} = {text:?}: write avgpool as an entry of its own, {{avgpool: SIDE, stride}}"),
            }),
            Some(_) => Ok(true),
        }
    }

    fn number(&mut self, key: &str) -> Read<Option<f64>> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| format!("{key} = {value}: give a number")),
        }
    }

    fn flag(&mut self, key: &str) -> Read<Option<bool>> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| format!("{key} = {value}: give true or false")),
        }
    }

    /// A whole number, or two equal ones.
    fn size(&mut self, key: &str) -> Read<Option<usize>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let both = match value {
            Value::Array(both) if both.len() == 2 && both[0] == both[1] => &both[0],
            Value::Array(_) => return Err(format!("{key} = {value}: rows and columns must be alike; give one number")),
            other => other,
        };
        let size = both.as_f64().filter(|x| x.trunc() == *x && (0.0..=MOST_SIZE).contains(x));
        let size = size.ok_or_else(|| format!("{key} = {value}: give a whole number from 0 to {MOST_SIZE:e}"))?;
        Ok(Some(size as usize))
    }

    fn finish(self) -> Read<()> {
        match self.left.first() {
            None => Ok(()),
            Some(other) => Err(format!("{other} is no field of it: leave it out")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Architecture> {
        Architecture::parse("arch", text)
    }

    #[test]
    fn json_and_toml_say_the_same() {
        let json = r#"[{"conv": "conv1", "padding": [2, 2]}, "ReLU", {"avgpool": 2}, "flatten", {"Linear": "fc", "cout": 10}]"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.toml");
        let toml = "layers = [{conv = \"conv1\", pad = 2}, \"relu\",\n {avgpool = 2}, \"flatten\", {linear = \"fc\", cout = 10}]";
        std::fs::write(&path, toml).unwrap();
        let (json, toml) = (parsed(json).unwrap(), Architecture::read(&path).unwrap());
        assert_eq!(json.steps, toml.steps);
        assert_eq!(json.steps.len(), 5);
        std::fs::write(folder.path().join("net.json"), r#"{"layers": ["relu"]}"#).unwrap();
        assert_eq!(Architecture::read(&folder.path().join("net.json")).unwrap().steps, [Step::Relu]);
    }

    #[test]
    fn names_are_taken_in_any_spelling() {
        for (one, other) in [
            (r#"[{"leakyrelu": 0.1}]"#, r#"[{"leaky_relu": 0.1}]"#),
            (r#"[{"leakyrelu": 0.1}]"#, r#"[{"LeakyReLU": 0.1}]"#),
            (r#"[{"gap": 1}]"#, r#"[{"AdaptiveAvgPool2d": 1}]"#),
            (r#"[{"avgpool": 2}]"#, r#"[{"avg_pool2d": 2}]"#),
            (r#"[{"batchnorm": "b"}]"#, r#"[{"BatchNorm2d": "b"}]"#),
            (r#"[{"conv": "a", "cin": 1, "k": 3}]"#, r#"[{"Conv2d": "a", "in_channels": 1, "kernel_size": [3, 3]}]"#),
        ] {
            assert_eq!(parsed(one).unwrap(), parsed(other).expect(other));
        }
        let twice = parsed(r#"[{"conv": "a", "pad": 1, "padding": 2}]"#).unwrap_err().to_string();
        assert!(twice.contains("is no field of it"), "{twice}");
    }

    #[test]
    fn a_pool_key_is_average_pooling_behind_the_layer() {
        let arch = parsed(r#"[{"cin": 1, "cout": 6, "k": 5, "stride": 1, "pad": 2, "pool": 2}]"#).unwrap();
        assert_eq!(arch.steps[1], Step::Pool { side: 2, stride: 2 });
        assert!(!arch.states_relus());
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for (text, what) in [
            (r#"["maxpool"]"#, "max pooling, which is no linear layer"),
            (r#"[{"MaxPool2d": 2}]"#, "max pooling, which is no linear layer"),
            (r#"[{"cin":1,"cout":1,"k":1,"stride":1,"pad":0,"pool":"max"}]"#, "max pooling"),
            (r#"[{"conv": "a", "groups": 4}]"#, "a convolution in groups"),
            (r#"[{"conv": "a", "dilation": 2}]"#, "a dilated convolution"),
            (r#"[{"conv": "a", "stride": [1, 2]}]"#, "rows and columns must be alike"),
            (r#"[{"conv": "a", "padding_mode": "circular"}]"#, "only padding with zeros"),
            (r#"[{"conv": "a", "stirde": 1}]"#, "stirde is no field of it"),
            (r#"["ConvTranspose2d"]"#, "a layer that enlarges images"),
            (r#"["add"]"#, "a connection around layers"),
            (r#"["GELU"]"#, "another activation than ReLU"),
            (r#"["softmax"]"#, "leave it out"),
            (r#"["LayerNorm"]"#, "does not fold into weights"),
            (r#"["wurst"]"#, "the words are relu, flatten, gap and dropout"),
            (r#"[{"avgpool": 2, "pad": 1}]"#, "it pads before it averages"),
            (r#"[{"avgpool": 2, "ceil_mode": true}]"#, "with ceil_mode"),
            (r#"[{"cin": 1}]"#, "all five"),
            (r#"[3]"#, "3 is neither a word"),
            ("3", "not a JSON list"),
            ("{}", "write one list, layers = [...]"),
            ("3x3", "not a JSON list"),
        ] {
            let message = parsed(text).unwrap_err().to_string();
            assert!(message.starts_with("arch") && message.contains(what), "{text}: {message}");
        }
    }
}
