//! `lemmascope prune`: a random network pruned structurally until it computes nearly what a target network computes.

mod disk;
mod files;
mod memory;
mod page;
mod picture;
mod resume;
mod show;
mod stop;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use strum::VariantArray;

use clap::ValueEnum;

use stop::Work;

use super::{DEFAULT_SEED, EffortName, note, parse_count, parse_seconds, print, thread_pool};
use crate::error::{Error, Result};
use crate::output::{FolderLock, refuse_folder, write_together};
use crate::run::checkpoint;
use crate::subset_sum::{Balance, Beam};
use crate::tickets::cnn::weights::{self, Architecture};
use crate::tickets::cnn::{Comparison, Image, Images, Network};
use crate::tickets::pruning::design::{EPS, USUAL};
use crate::tickets::pruning::scale::NORMS;
use crate::tickets::pruning::{
    Approximation, Assessment, ChannelResult, Design, Filters, Following, Law, Looking, Proof, PrunedNetwork, Scale,
    SeededPair, Watch,
};

/// The largest --side.
const MOST_SIDE: u16 = 4096;

#[derive(clap::Args)]
pub struct Arguments {
    /// The target network: a PyTorch state dict in a .safetensors or .npz file, as it is. Convolutions (groups = 1, dilation = 1),
    /// linear layers, batch norm and average pooling are taken, of F16, BF16, F32 or F64; the metadata key (the array) arch or --arch
    /// says how they are put together. Without it: convolutions of stride 1 that keep the size.
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// The target's layers, first to last, as TOML (.toml) or JSON: layers = [{conv = "NAME", stride = 1, pad = 0}, "relu", {avgpool =
    /// 2}, {batchnorm = "NAME", eps = 1e-5}, "flatten", {linear = "NAME"}, "gap"]. NAME is what the tensors' names begin with. Where
    /// no relu is stated, one follows every layer with weights but the last. It stands in place of arch.
    #[arg(long, value_name = "FILE")]
    arch: Option<PathBuf>,
    /// The paper's n: filters for each input channel and sign, of which about half have the right sign.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_count)]
    width: u64,
    /// The theorem's eps: each search ends when it is as near as the proof asks. Without it, the nearest that the effort
    /// finds is taken.
    #[arg(long, allow_negative_numbers = true, value_parser = parse_eps)]
    eps: Option<f64>,
    /// Filters to keep for each input channel and sign (the paper's k); any number without it.
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = parse_count)]
    size: Option<u64>,
    /// How each layer is scaled before it is approximated, which is undone afterwards: auto (up, to the largest targets
    /// that the sums reach with ease), none, theorem (to norm1 <= 1, as the theorem's class asks), or the norm1 to scale to.
    #[arg(long, default_value = "auto", allow_negative_numbers = true, value_parser = parse_scale)]
    scale: Scale,
    /// The filters of an input channel from which each sign may keep.
    #[arg(long, value_enum, default_value = "half-blocks")]
    filters: FiltersName,
    /// The law of the random network's weights: normal; outside the paper's hypotheses uniform or student-t (with 5 degrees
    /// of freedom), both of variance 1, or kaiming (normal, of variance 2 / fan-in).
    #[arg(long, default_value = "normal", value_parser = find_law)]
    law: Law,
    /// The slope below 0 of leaky ReLUs, in the target and in the random network; outside the paper's hypotheses.
    #[arg(long, value_name = "SLOPE", allow_negative_numbers = true)]
    leak: Option<f64>,
    /// Take the target's biases, those of batch norms too, by an input channel that is always one and is handed on from layer to layer;
    /// outside the paper's class. The pruned network takes that channel as its last.
    #[arg(long)]
    biases: bool,
    /// Let the pair's first kernel be the d x d one and its second 1x1: each filter reads one entry of its channel's windows,
    /// and a subset sum has c1 dimensions instead of d^2 c1. Outside the paper's construction.
    #[arg(long)]
    direct: bool,
    /// Keep no filter for the negative part of what comes out of a ReLU, which is 0: what is computed is the same, by half as many
    /// filters. Outside the paper's construction, which keeps them.
    #[arg(long)]
    drop_silent: bool,
    /// Labelled images on which target and pruned network are compared: arrays x (or X, images, data) of (N, C, H, W), (N, H, W, C) or,
    /// of one channel, (N, H, W), with pixels as the network was trained on, and y (or Y, labels, targets) of N classes from 0, or
    /// one-hot.
    #[arg(long, value_name = "TEST.npz")]
    images: Option<PathBuf>,
    /// Certify, for each of the first images or of those --around names, that target and pruned network put one class first on all inputs
    /// within this distance in the max norm.
    #[arg(long, visible_alias = "radius", value_name = "RADIUS", requires = "images", allow_negative_numbers = true, value_parser = parse_radius)]
    ball: Option<f64>,
    /// So many of the first images.
    #[arg(long, value_name = "N", requires = "ball", default_value = "20", allow_negative_numbers = true, value_parser = parse_count)]
    ball_images: u64,
    /// Bound the difference of the networks within that distance of this image, from 0, too; of several where it is given several times.
    #[arg(
        long,
        value_name = "INDEX",
        requires = "ball",
        conflicts_with = "ball_images",
        allow_negative_numbers = true
    )]
    around: Vec<usize>,
    /// Spend about this time on the gap between the error found and the certified one, by branch and bound: for the error over all
    /// inputs, and for that around each image again.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = parse_seconds)]
    tighten: Option<f64>,
    /// Write proof.json too: a bound of the error, without branching, that `lemmascope verify` and tests/checkers/network.py compute
    /// again; around the first image of --around, or over all inputs. For small networks.
    #[arg(long)]
    proof: bool,
    /// Rows and columns of the inputs over which errors are certified, up to 4096. Without it those of the images, or without
    /// images the least at which every window can be whole.
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=MOST_SIDE.into()))]
    side: Option<u16>,
    /// Write page.html too: the figures beside the picture.
    #[arg(long)]
    page: bool,
    /// The folder for the pruned network, the masks, the certificate, the records and a picture.
    #[arg(long, default_value = "pruned")]
    out: PathBuf,
    /// The seed of the random network.
    #[arg(long, allow_negative_numbers = true, default_value_t = DEFAULT_SEED, value_parser = super::parse_seed)]
    seed: u64,
    /// The number of threads; by default one per core. What is kept does not depend on it.
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How hard the searches try.
    #[arg(long, value_enum, default_value = "default")]
    effort: EffortName,
    /// A time limit in seconds for all of it. What is done by then is kept, with exit code 4; --resume continues.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = parse_seconds)]
    time_limit: Option<f64>,
    /// Reuse the layers that an interrupted run of the same design has pruned.
    #[arg(long)]
    resume: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress and no table.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FiltersName {
    /// The first half of a block for V > 0, the second for V < 0, as the proof has it.
    HalfBlocks,
    /// The whole block for either sign, which the statement allows.
    WholeBlock,
}

fn find_law(name: &str) -> std::result::Result<Law, String> {
    let names = || Law::VARIANTS.iter().map(|law| law.name()).collect::<Vec<_>>().join(", ");
    name.parse().map_err(|_| format!("the laws are {}", names()))
}

/// Reads a number of a range, or says what the range is.
fn parse_within(text: &str, range: &RangeInclusive<f64>) -> std::result::Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| range.contains(x));
    number.ok_or_else(|| format!("a number from {:e} to {:e}", range.start(), range.end()))
}

fn parse_eps(text: &str) -> std::result::Result<f64, String> {
    parse_within(text, &EPS).map_err(|range| format!("write {range}"))
}

fn parse_radius(text: &str) -> std::result::Result<f64, String> {
    parse_within(text, &(0.0..=2.0)).map_err(|range| format!("write {range}"))
}

fn parse_scale(text: &str) -> std::result::Result<Scale, String> {
    match text {
        "auto" => Ok(Scale::Auto),
        "none" => Ok(Scale::None),
        "theorem" => Ok(Scale::THEOREM),
        norm => parse_within(norm, &NORMS)
            .map(Scale::Norm1)
            .map_err(|range| format!("write auto, none, theorem, or {range}, the norm1 to scale to")),
    }
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    Work::watched(arguments.quiet, arguments.time_limit, |work| prune(arguments, work))
}

fn prune(arguments: &Arguments, work: &Work) -> Result<()> {
    let target = read_target(arguments)?;
    let images = arguments.images.as_ref().map(|path| Images::read(path, &target, arguments.biases)).transpose()?;
    let side = side(arguments, &target, images.as_ref())?;
    if let Some(images) = images.as_ref().filter(|_| arguments.ball.is_some()) {
        balls_of(arguments, images)?;
    }
    if arguments.proof {
        Proof::check(&target, proof_size(arguments, side, images.as_ref()))?;
    }
    let design = design(arguments);
    let pool = thread_pool(arguments.threads)?;
    let in_target = |error: Error| error.at(arguments.target.display());
    work.begin("checking".into(), 0, "", None);
    pool.install(|| design.check(&target)).map_err(in_target)?;
    pool.install(|| memory::check(&design, &target, side, images.as_ref()))?;
    // The searches take long, and what overflows without them does so after them.
    Approximation::by_network(&target, &target).chain(side.0, side.1).map_err(in_target)?;
    files::NAMES.iter().try_for_each(|name| refuse_folder(&arguments.out.join(name)))?;
    refuse_own_input(arguments)?;
    disk::check(&design, &target, &arguments.out)?;
    let _lock = FolderLock::take(&arguments.out)?;
    let ticket = pool.install(|| {
        let pruned = construct(arguments, &design, &target, work)?;
        Ticket::new(arguments, design, pruned, side, images, work)
    })?;
    work.begin("certifying: comparing with the masked random network".into(), 0, "", None);
    let agreement = pool.install(|| ticket.agreement())?;
    if work.is_stopped() {
        return Err(stopped_certifying(work));
    }
    work.writing(|| -> Result<()> {
        let files = ticket.files(agreement, arguments.page);
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let files: Vec<_> = files.into_iter().map(|(name, bytes)| (arguments.out.join(name), bytes)).collect();
        write_together(&files)?;
        remove_earlier(arguments, &files)?;
        checkpoint::remove(&arguments.out, &resume::hash(&ticket.design, &target));
        ticket.print(arguments, &names, agreement, work.elapsed())
    })
}

/// Removes files of an earlier pruning in the folder that this one does not have.
fn remove_earlier(arguments: &Arguments, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let paths = files::NAMES.iter().map(|name| arguments.out.join(name));
    let is_earlier = |path: &PathBuf| path.is_file() && files.iter().all(|(written, _)| written != path);
    for path in paths.filter(is_earlier) {
        std::fs::remove_file(&path).map_err(Error::write(&path))?;
    }
    Ok(())
}

/// Refuses to write over a file that is read.
fn refuse_own_input(arguments: &Arguments) -> Result<()> {
    let inputs = [Some(&arguments.target), arguments.images.as_ref(), arguments.arch.as_ref()];
    let same = |x: &Path, y: &Path| x.canonicalize().ok().zip(y.canonicalize().ok()).is_some_and(|(x, y)| x == y);
    for name in files::NAMES {
        let output = arguments.out.join(name);
        if let Some(input) = inputs.into_iter().flatten().find(|input| same(input, &output)) {
            return Err(Error::input(format!(
                "{} is read, and would be written over by {name}: name another folder with --out",
                input.display()
            )));
        }
    }
    Ok(())
}

fn stopped_certifying(work: &Work) -> Error {
    Error::Interrupted(format!(
        "{} while certifying, with all layers pruned; run again with --resume to certify them",
        work.reason()
    ))
}

fn read_target(arguments: &Arguments) -> Result<Network> {
    let arch = arguments.arch.as_ref().map(|path| Architecture::read(path)).transpose()?;
    let reading = weights::read_as(&arguments.target, arch.as_ref(), arguments.biases)?;
    if let Some(said) = reading.said.filter(|_| !arguments.quiet) {
        note(&said);
    }
    let target = reading.network;
    match arguments.leak {
        Some(leak) if target.leak() != 0.0 && target.leak() != leak => Err(Error::input(format!(
            "{} has leaky ReLUs of slope {}, and --leak says {leak}: leave it out",
            arguments.target.display(),
            target.leak()
        ))),
        Some(leak) => target.with_leak(leak).map_err(|error| error.at("--leak")),
        None => Ok(target),
    }
}

fn design(arguments: &Arguments) -> Design {
    Design {
        width: arguments.width as usize,
        eps: arguments.eps,
        size: arguments.size.map(|size| size as usize),
        scale: arguments.scale,
        seed: arguments.seed,
        filters: match arguments.filters {
            FiltersName::HalfBlocks => Filters::HalfBlocks,
            FiltersName::WholeBlock => Filters::WholeBlock,
        },
        law: arguments.law,
        direct: arguments.direct,
        drop_silent: arguments.drop_silent,
        beam: match arguments.effort {
            EffortName::Quick => Beam { first_width: 8, last_width: 8 },
            EffortName::Default => USUAL,
            EffortName::Paper => Beam::DEFAULT,
        },
        balance: match arguments.effort {
            EffortName::Quick => Balance { passes: 1 },
            EffortName::Default => Balance::DEFAULT,
            EffortName::Paper => Balance { passes: 16 * Balance::DEFAULT.passes },
        },
    }
}

/// Rows and columns over which errors are certified.
fn side(arguments: &Arguments, target: &Network, images: Option<&Images>) -> Result<(usize, usize)> {
    let side = match (arguments.side, images) {
        (Some(side), _) => (side.into(), side.into()),
        (None, Some(images)) => images.size(),
        (None, None) => usual_side(target)?,
    };
    target.shapes(side.0, side.1).map_err(|error| error.at(format!("--side {}", side.0)))?;
    Ok(side)
}

/// The one that a linear layer behind a flattened map asks for, or the least at which every window can be whole.
fn usual_side(target: &Network) -> Result<(usize, usize)> {
    let field = target.least_side().unwrap_or_else(|| target.receptive_field());
    if field > MOST_SIDE.into() {
        return Err(Error::input(format!(
            "the least input at which every window can be whole is {field} pixels a side: give --side, up to {MOST_SIDE}"
        )));
    }
    Ok((field, field))
}

/// Prunes layer by layer, with a checkpoint after each and every so often within.
fn construct(
    arguments: &Arguments,
    design: &Design,
    target: &Network,
    work: &Work,
) -> Result<PrunedNetwork<SeededPair>> {
    let places: Vec<usize> = target.places().collect();
    let costs: Vec<f64> = places.iter().map(|&index| design.cost(&target.layers()[index])).collect();
    let all: f64 = costs.iter().sum();
    let resume::Done { mut layers, channels: mut known } = resume::take_over(arguments, design, target)?;
    for (count, &index) in places.iter().enumerate().skip(layers.len()) {
        let share = (costs[..=count].iter().sum::<f64>() / all, costs[count] / all);
        let problems = design.searches(&target.layers()[index]) - known.len();
        let name = format!("pruning layer {} ({} of {})", target.roles()[index].name, count + 1, places.len());
        work.begin(name, problems, "searches", Some(share));
        let known = std::mem::take(&mut known);
        let solved = resume::Solved::new(&arguments.out, (design, target), &layers, known.clone());
        let follow = |result: &ChannelResult| {
            solved.add(result);
            work.advance();
        };
        let following = Following { known: &known, interrupted: work.flag(), solved: &follow };
        let Some(layer) = design.prune_layer(target, index, &following)? else {
            work.writing(|| solved.save())?;
            return Err(Error::Interrupted(format!(
                "{} in layer {count} (from 0) of {}; run again with --resume to continue",
                work.reason(),
                places.len()
            )));
        };
        layers.push(layer);
        work.writing(|| resume::save(&arguments.out, design, target, &layers, &[]))?;
    }
    design.assemble(target, layers)
}

/// How target and pruned network do on the images; that what is computed here by sums over the filters kept (Lemma 11) is the
/// pruned network is checked in [`Ticket::agreement`].
fn compare(images: &Images, pruned: &PrunedNetwork<SeededPair>) -> Result<Comparison> {
    let approximation = pruned.approximation();
    let compared = images.compare_with(pruned.target(), |image| approximation.forward(image));
    if compared.output_error.is_finite() && compared.logit_error.is_finite() {
        return Ok(compared);
    }
    Err(Error::input("--images: outputs overflow on them: give pixels in [-1, 1]"))
}

/// On which of the first images' balls both networks are certified to put one class first; where images are named, how far apart the
/// networks are around them, of which `whole` is a bound.
fn certify_balls(
    arguments: &Arguments,
    pruned: &PrunedNetwork<SeededPair>,
    images: &Images,
    (radius, whole): (f64, f64),
    work: &Work,
) -> Result<files::BallFigures> {
    let (approximation, all) = (pruned.approximation(), images.images());
    let indices = balls_of(arguments, images)?;
    work.begin("certifying: balls around images".into(), indices.len(), "images", None);
    let watch = Watch { interrupted: work.flag(), advanced: &|| {} };
    let mut balls = files::BallFigures { radius, images: indices.len(), certified: Vec::new(), around: Vec::new() };
    let ones = arguments.biases.into();
    for index in indices {
        let ball = (&all[index], radius, ones);
        let one_class = if arguments.around.is_empty() {
            approximation.agrees_in_ball(ball, &watch)?.ok_or_else(|| stopped_certifying(work))?
        } else {
            let mut around =
                approximation.around(ball, arguments.tighten(), &watch)?.ok_or_else(|| stopped_certifying(work))?;
            around.upper = around.upper.min(whole);
            balls.around.push(files::AroundFigures::new(index, &around));
            around.one_class == Some(true)
        };
        if one_class {
            balls.certified.push(index);
        }
        work.advance();
    }
    Ok(balls)
}

/// The images around which there are balls.
fn balls_of(arguments: &Arguments, images: &Images) -> Result<Vec<usize>> {
    let all = images.images();
    if let Some(index) = arguments.around.iter().find(|&&index| index >= all.len()) {
        return Err(Error::input(format!(
            "--around {index}: there are {} images: give 0 to {}",
            all.len(),
            all.len() - 1
        )));
    }
    let indices: Vec<usize> = match &arguments.around[..] {
        [] => (0..(arguments.ball_images as usize).min(all.len())).collect(),
        around => around.to_vec(),
    };
    if indices.iter().any(|&index| all[index].max_norm() > 1.0) {
        return Err(Error::input("--ball: pixels are outside [-1, 1]: give images within, or leave out --ball"));
    }
    Ok(indices)
}

/// Rows and columns of the inputs that a proof is about.
fn proof_size(arguments: &Arguments, side: (usize, usize), images: Option<&Images>) -> (usize, usize) {
    images.filter(|_| !arguments.around.is_empty()).map_or(side, Images::size)
}

/// The bound that others can check.
fn prove(
    arguments: &Arguments,
    pruned: &PrunedNetwork<SeededPair>,
    side: (usize, usize),
    images: Option<&Images>,
    work: &Work,
) -> Result<Proof> {
    work.begin("certifying: writing the proof".into(), 0, "", None);
    let around = images.zip(arguments.ball).zip(arguments.around.first());
    let around = around.map(|((images, radius), &index)| (&images.images()[index], radius, arguments.biases.into()));
    let size = proof_size(arguments, side, images);
    Proof::new(&pruned.approximation(), size, around, work.flag())?.ok_or_else(|| stopped_certifying(work))
}

impl Arguments {
    /// The time to spend on each gap.
    fn tighten(&self) -> Duration {
        Duration::from_secs_f64(self.tighten.unwrap_or(0.0))
    }
}

/// All that is written and shown.
struct Ticket {
    design: Design,
    pruned: PrunedNetwork<SeededPair>,
    assessment: Assessment,
    images: Option<files::ImageFigures>,
    balls: Option<files::BallFigures>,
    proof: Option<Proof>,
    target: files::TargetName,
    /// Whether the last input channel is one of ones.
    biases: bool,
}

impl Ticket {
    fn new(
        arguments: &Arguments,
        design: Design,
        pruned: PrunedNetwork<SeededPair>,
        side: (usize, usize),
        images: Option<Images>,
        work: &Work,
    ) -> Result<Self> {
        work.begin("certifying: comparing on images".into(), 0, "", None);
        let compared = images.as_ref().map(|images| compare(images, &pruned)).transpose()?;
        // An image may be the worst input known.
        let inside = images.as_ref().filter(|images| images.max_norm() <= 1.0 && images.size() == side);
        let worst = inside.and_then(|images| pruned.approximation().worst_of(images.images()));
        let starts: Vec<Image> = worst.cloned().into_iter().collect();
        work.begin("certifying: bounding the error".into(), 0, "", None);
        let watch = Watch { interrupted: work.flag(), advanced: &|| work.advance() };
        let searching = |inputs| work.begin("certifying: looking for the worst input".into(), inputs, "inputs", None);
        let looking = Looking {
            starts: &starts,
            ones: arguments.biases.into(),
            tighten: arguments.tighten(),
            searching: &searching,
        };
        let assessment = Assessment::new(&design, &pruned, side, &looking, &watch)?;
        let assessment = assessment.ok_or_else(|| stopped_certifying(work))?;
        let balls = images.as_ref().zip(arguments.ball);
        let certify = |(images, radius): (&Images, f64)| {
            // A ball lies within all inputs, where these are of its size.
            let whole = if images.size() == side { assessment.total.upper } else { f64::INFINITY };
            certify_balls(arguments, &pruned, images, (radius, whole), work)
        };
        let balls = balls.map(certify).transpose()?;
        let proof = arguments.proof.then(|| prove(arguments, &pruned, side, images.as_ref(), work)).transpose()?;
        let images = arguments
            .images
            .as_ref()
            .zip(images)
            .zip(compared)
            .map(|((path, images), comparison)| files::ImageFigures::new(path, &images, &comparison));
        let target = files::TargetName::new(&arguments.target)?;
        Ok(Ticket { design, pruned, assessment, images, balls, proof, target, biases: arguments.biases })
    }
}
