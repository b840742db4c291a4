//! `lemmascope prune` from outside: what it writes and certifies, images, bad input, interruption and resumption.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::wait_for_checkpoint;
use assert_cmd::Command;
use lemmascope::random::Stream;
use lemmascope::tickets::cnn::{Image, Images, Network, weights};
use lemmascope::tickets::pruning::{Law, Pair, SeededPair};
use predicates::prelude::*;
use rand::RngExt;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

const FILES: [&str; 4] = ["pruned.safetensors", "masks.json", "certificate.json", "layers.csv"];

fn target(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/targets").join(name).display().to_string()
}

fn prune_in(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).arg("prune").args(arguments).assert()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output = prune_in(folder, &[arguments, &["--json"]].concat()).success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn read(folder: &Path, out: &str) -> Vec<Vec<u8>> {
    FILES.iter().map(|file| std::fs::read(folder.join(out).join(file)).unwrap()).collect()
}

fn certificate(folder: &Path, out: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(out).join("certificate.json")).unwrap()).unwrap()
}

/// An image from nested lists.
fn image(value: &Value) -> Image {
    let lists: Vec<Vec<Vec<f64>>> = serde_json::from_value(value.clone()).unwrap();
    let (channels, rows, columns) = (lists.len(), lists[0].len(), lists[0][0].len());
    Image::from_fn(channels, rows, columns, |c, r, s| lists[c][r][s])
}

/// The random network behind the masks of a file, with nothing of the program but the addresses of its filters.
fn masked(masks: &Value, target: &Network, input: &Image) -> Image {
    let (seed, width) = (masks["seed"].as_u64().unwrap(), masks["width"].as_u64().unwrap() as usize);
    let mut activation = input.clone();
    for (index, layer) in target.layers().iter().enumerate() {
        let mask = &masks["layers"][index];
        let pair = SeededPair::new(seed, index, width, Law::Normal, &layer.kernel);
        let kept: Vec<usize> = serde_json::from_value(mask["kept"].clone()).unwrap();
        let (rows, columns) = layer.output_shape(activation.rows(), activation.columns()).unwrap();
        let mut sums = vec![0.0; layer.kernel.outputs() * rows * columns];
        let side = layer.kernel.side();
        for filter in kept {
            let (entry, slice) = (pair.entry(filter), pair.slice(filter));
            let channel = filter / (2 * width);
            for (place, sum) in sums.iter_mut().enumerate() {
                let (o, p, q) = (place / (rows * columns), place / columns % rows, place % columns);
                for r in 0..side {
                    for s in 0..side {
                        let pixel = |at: usize, offset: usize, pixels: usize| {
                            (at * layer.stride + offset).checked_sub(layer.pad).filter(|&pixel| pixel < pixels)
                        };
                        let row = pixel(p, r, activation.rows());
                        if let Some((row, column)) = row.zip(pixel(q, s, activation.columns())) {
                            let hidden = (entry * activation.at(channel, row, column)).max(0.0);
                            *sum += slice[(o * side + r) * side + s] * hidden;
                        }
                    }
                }
            }
        }
        let factor = mask["factor"].as_f64().unwrap();
        let last = index + 1 == target.layers().len();
        let finished = |x: &f64| if last { x / factor } else { (x / factor).max(0.0) };
        activation = Image::new(layer.kernel.outputs(), rows, columns, sums.iter().map(finished).collect()).unwrap();
    }
    activation
}

#[test]
fn what_is_written_is_the_masked_random_network_and_its_errors_are_true() {
    let folder = tempfile::tempdir().unwrap();
    let (file, images) = (target("digits_gap.safetensors"), target("digits_gap_test.npz"));
    let arguments = ["--target", &file, "--width", "1e3", "--images", &images, "--effort", "quick", "--seed", "3"];
    let report = report(folder.path(), &arguments);
    let (network, certificate) = (weights::read(Path::new(&file)).unwrap(), certificate(folder.path(), "pruned"));
    let pruned = weights::read(&folder.path().join("pruned/pruned.safetensors")).unwrap();
    assert_eq!(pruned.layers().len(), 6);
    let masks: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("pruned/masks.json")).unwrap()).unwrap();
    let mut stream = Stream::new(41, 42);
    for _ in 0..3 {
        let input = Image::from_fn(1, 8, 8, |_, _, _| stream.random_range(-1.0..=1.0));
        let (masked, dense) = (masked(&masks, &network, &input), pruned.forward(&input));
        assert!(masked.distance(&dense) < 1e-10 * masked.max_norm().max(1.0));
        let error = network.forward(&input).distance(&dense);
        assert!(error <= certificate["total"]["upper"].as_f64().unwrap());
    }
    assert!(report["masked_network"]["difference"].as_f64().unwrap() < 1e-10);
    // The inputs of the certificate attain what they are said to.
    let worst = image(&certificate["total"]["worst_input"]);
    assert!(worst.max_norm() <= 1.0);
    let error = network.forward(&worst).distance(&pruned.forward(&worst));
    let lower = certificate["total"]["lower"].as_f64().unwrap();
    assert!((error - lower).abs() < 1e-9 * lower, "{error} {lower}");
    for (index, layer) in network.layers().iter().enumerate() {
        let figures = &certificate["layers"][index];
        let pair = Network::new(pruned.layers()[2 * index..2 * index + 2].to_vec()).unwrap();
        let worst = image(&figures["worst_input"]);
        let error = layer.forward(&worst).distance(&pair.forward(&worst));
        let said = figures["worst_error"].as_f64().unwrap();
        assert!((error - said).abs() < 1e-9 * said, "layer {index}: {error} {said}");
        assert_eq!(figures["kept"], pair.layers()[0].kernel.outputs());
    }
    // The images, compared anew from the files.
    let compared = Images::read(Path::new(&images), &network, false).unwrap().compare(&network, &pruned);
    assert_eq!(report["images"]["pruned_right"], compared.pruned_right);
    assert_eq!(report["images"]["target_right"], 192);
    assert_eq!(report["images"]["decisions_that_differ"], compared.differ);
    assert!(lower >= report["images"]["output_error"].as_f64().unwrap());
    // The report is the certificate without the inputs.
    assert_eq!(report["layers"][0]["worst_input"], Value::Null);
    assert_eq!(report["total"]["upper"], certificate["total"]["upper"]);
    assert!(!folder.path().join("pruned/.checkpoint").exists());
}

#[test]
fn a_wide_network_keeps_the_accuracy_of_digits_full() {
    let folder = tempfile::tempdir().unwrap();
    let (file, images) = (target("digits_full.safetensors"), target("digits_full_test.npz"));
    let arguments = ["--target", &file, "--width", "3000", "--images", &images, "--effort", "quick"];
    let report = report(folder.path(), &arguments);
    assert_eq!(report["images"]["target_right"], 199);
    assert!(report["images"]["pruned_right"].as_u64().unwrap() >= 198, "{}", report["images"]);
}

#[test]
fn the_records_have_a_row_a_layer_and_the_paper_beside() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_gap.safetensors");
    let arguments = ["--target", &file, "--width", "600", "--size", "20", "--eps", "0.5", "--scale", "theorem"];
    let report = report(folder.path(), &arguments);
    let mut rows = csv::Reader::from_path(folder.path().join("pruned/layers.csv")).unwrap();
    let rows: Vec<HashMap<String, String>> = rows.deserialize().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 3);
    for (row, inputs) in rows.iter().zip([1, 4, 8]) {
        // Twenty for each channel and sign.
        assert_eq!(row["kept"], (2 * 20 * inputs).to_string());
        assert_eq!((row["kept_most"].as_str(), row["size"].as_str(), row["scale"].as_str()), ("20", "20", "theorem"));
        let number = |name: &str| row[name].parse::<f64>().unwrap();
        let scaled = number("norm1") * number("factor");
        assert!(0.5 < scaled && scaled <= 1.0, "norm1 <= 1 as the theorem asks, by a power of two: {scaled}");
        assert!((number("allowance") - 0.5 / 6.0 * number("norm1")).abs() < 1e-9);
        assert!(number("first_moment_limit") < number("subset_sum_error"));
        assert!(row["unmet"].starts_with("n >= C d^12") && row["hypotheses_met"] == "false");
    }
    let norms: f64 = rows.iter().map(|row| row["norm1"].parse::<f64>().unwrap()).product();
    assert!((report["total"]["theorem"].as_f64().unwrap() / (0.5 * norms) - 1.0).abs() < 1e-9);
    assert_eq!(report["design"]["size"], json!(20));
}

#[test]
fn threads_and_other_folders_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_gap.safetensors");
    let base = ["--target", &file, "--width", "400", "--quiet"];
    prune_in(folder.path(), &[&base[..], &["--threads", "1", "--out", "one"]].concat()).success().stdout("");
    prune_in(folder.path(), &[&base[..], &["--threads", "3", "--out", "three"]].concat()).success();
    assert_eq!(read(folder.path(), "one"), read(folder.path(), "three"));
}

#[test]
fn words_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_gap.safetensors");
    prune_in(folder.path(), &["--target", &file, "--width", "400"]).success().stdout(
        predicate::str::contains("3x3 4->8")
            .and(predicate::str::contains("of 10400 filters, n = 400"))
            .and(predicate::str::contains("(certified)"))
            .and(predicate::str::contains("written   pruned.safetensors")),
    );
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
        .current_dir(folder)
        .arg("prune")
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn an_interrupted_pruning_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_full.safetensors");
    let base = ["--target", &file, "--width", "1000", "--threads", "1", "--out", "stopped"];
    let child = start(folder.path(), &base);
    let checkpoint = wait_for_checkpoint(&folder.path().join("stopped"));
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("run again with --resume"), "{message}");
    assert!(FILES.iter().all(|file| !folder.path().join("stopped").join(file).exists()), "outputs are whole or absent");
    // Another design is refused, and the checkpoint stays.
    let refused = prune_in(folder.path(), &[&base[..], &["--resume", "--seed", "5"]].concat());
    refused.code(2).stderr(predicate::str::contains("another design (other target, biases, width"));
    assert!(checkpoint.exists());
    // A damaged one is refused too.
    let whole = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    let refused = prune_in(folder.path(), &[&base[..], &["--resume"]].concat());
    refused.code(2).stderr(predicate::str::contains("cut short or damaged"));
    std::fs::write(&checkpoint, &whole).unwrap();
    prune_in(folder.path(), &[&base[..], &["--resume", "--quiet"]].concat()).success();
    assert!(!checkpoint.exists());
    prune_in(folder.path(), &["--target", &file, "--width", "1000", "--out", "whole", "--quiet"]).success();
    assert_eq!(read(folder.path(), "stopped"), read(folder.path(), "whole"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_certification_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_full.safetensors");
    let base = ["--target", &file, "--width", "1000", "--effort", "quick", "--out", "stopped", "--quiet"];
    let child = start(folder.path(), &base);
    let out = folder.path().join("stopped");
    // The checkpoint's rows name layers: the last one is there, and what follows takes longer than a millisecond.
    let start = Instant::now();
    while !std::fs::read_to_string(wait_for_checkpoint(&out)).is_ok_and(|text| text.contains("\n2,")) {
        assert!(start.elapsed() < Duration::from_secs(60), "the last layer was not pruned");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("stopped while certifying"), "{message}");
    assert!(FILES.iter().all(|file| !out.join(file).exists()));
    prune_in(folder.path(), &[&base[..], &["--resume"]].concat()).success();
    assert!(FILES.iter().all(|file| out.join(file).exists()) && !out.join(".checkpoint").exists());
}

/// What a certificate says does not depend on how large the images are, once they show all of a receptive field.
#[test]
fn large_images_take_no_longer_and_no_more_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_gap.safetensors");
    let certified = |side: &str| {
        let base = ["--target", &file, "--width", "400", "--effort", "quick", "--out", side, "--side", side];
        let total = report(folder.path(), &base)["total"].clone();
        let size = std::fs::metadata(folder.path().join(side).join("certificate.json")).unwrap().len();
        (total["lower"].as_f64().unwrap(), total["upper"].as_f64().unwrap(), size)
    };
    let (small, large) = (certified("8"), certified("300"));
    assert_eq!((small.0, small.1), (large.0, large.1));
    assert!(large.2 < 30_000, "{}", large.2);
    let worst = &certificate(folder.path(), "300")["total"]["worst_input"];
    assert_eq!((&worst["side"], &worst["elsewhere"]), (&json!([300, 300]), &json!([0.0])));
}

fn safetensors(tensors: &[(&str, Vec<usize>, Vec<f32>)], arch: Option<&str>) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, data)| data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, arch.map(|arch| HashMap::from([("arch".to_string(), arch.to_string())]))).unwrap()
}

/// Layers of one channel with all weights the same.
fn chain(depth: usize, side: usize, stride: usize, pad: usize, weight: f32) -> Vec<u8> {
    let names: Vec<String> = (0..depth).map(|index| format!("conv{index}.weight")).collect();
    let tensors: Vec<(&str, Vec<usize>, Vec<f32>)> =
        names.iter().map(|name| (name.as_str(), vec![1, 1, side, side], vec![weight; side * side])).collect();
    let layer = json!({"cin": 1, "cout": 1, "k": side, "stride": stride, "pad": pad});
    safetensors(&tensors, Some(&json!(vec![layer; depth]).to_string()))
}

#[test]
fn bad_input_is_refused_with_tensor_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let (gap, full) = (target("digits_gap.safetensors"), target("digits_full.safetensors"));
    let images = target("digits_gap_test.npz");
    let conv0 = ("conv0.weight", vec![1, 1, 1, 1], vec![0.5]);
    let nets = [
        ("bias", safetensors(&[conv0.clone(), ("conv0.bias", vec![1], vec![0.5])], None)),
        ("linear", safetensors(&[conv0.clone(), ("fc.weight", vec![1, 1], vec![0.5])], None)),
        ("missing", safetensors(&[conv0.clone(), ("conv2.weight", vec![1, 1, 1, 1], vec![0.5])], None)),
        ("broken", safetensors(&[conv0.clone(), ("conv1.weight", vec![1, 2, 1, 1], vec![0.5, 1.0])], None)),
        ("zero", safetensors(&[("conv0.weight", vec![1, 1, 1, 1], vec![0.0])], None)),
        ("nan", safetensors(&[("conv0.weight", vec![1, 1, 1, 1], vec![f32::NAN])], None)),
        (
            "lying",
            safetensors(
                std::slice::from_ref(&conv0),
                Some(r#"[{"cin": 3, "cout": 1, "k": 1, "stride": 1, "pad": 0}]"#),
            ),
        ),
        ("text", b"no network".to_vec()),
        ("two", safetensors(&[("conv0.weight", vec![2, 2, 1, 1], vec![0.5, 1.0, 0.25, 2.0])], None)),
        ("misspelt", safetensors(&[conv0.clone(), ("conv00.bias", vec![1], vec![0.5])], None)),
        ("unbiased", safetensors(std::slice::from_ref(&conv0), None)),
        ("huge", chain(9, 1, 1, 0, 1e38)),
        ("strided", chain(3, 3, 1_000_000_000, 0, 1.0)),
        ("deep", chain(8, 7, 3, 3, 1.0)),
        ("padded", chain(2, 1, 1, 4096, 1.0)),
        ("bias-padded", {
            let arch = r#"[{"cin":1,"cout":1,"k":1,"stride":1,"pad":0},{"cin":1,"cout":1,"k":1,"stride":1,"pad":1}]"#;
            let conv1 = ("conv1.weight", vec![1, 1, 1, 1], vec![0.5]);
            safetensors(&[conv0.clone(), ("conv0.bias", vec![1], vec![0.5]), conv1], Some(arch))
        }),
    ];
    for (name, bytes) in &nets {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir_all(folder.path().join("taken/layers.csv")).unwrap();
    let width = ["--width", "100"];
    let cases: [(&[&str], &str); 30] = [
        (&["--target", "bias"], "tensor conv0.bias: it is a bias"),
        (
            &["--target", "linear"],
            "fc.weight is linear, and what stands before it is not said: write the layers into a file",
        ),
        (&["--target", "missing"], "tensor conv1.weight: it is missing"),
        (&["--target", "broken"], "conv0 has 1 outputs and conv1 takes 2 inputs"),
        (&["--target", "zero"], "tensor conv0.weight: all its weights are zero"),
        (&["--target", "nan"], "(output, input, row, column) = (0, 0, 0, 0), from 0, is NaN"),
        (&["--target", "lying"], "arch says cout = 1, cin = 3 and k = 1: make them agree"),
        (&["--target", "misspelt", "--biases"], "tensor conv00.bias: it is a bias of no convolution"),
        (
            &["--target", "unbiased", "--biases"],
            "unbiased holds no biases NAME.bias and no batch norm: leave --biases out",
        ),
        (&["--target", "bias-padded", "--biases"], "conv1.weight: its padding is 1, and where a network has biases"),
        (&["--target", "huge"], "huge: conv8.weight: over inputs in [-1, 1] outputs of this layer overflow"),
        (&["--target", "strided"], "key arch: entry 0 (from 0): it has stride 1000000000: give 1 to 4096"),
        (&["--target", "deep"], "is 19681 pixels a side: give --side, up to 4096"),
        (&["--target", "padded", "--side", "3", "--width", "1e5"], "free: give a smaller --side"),
        (&["--target", "text"], "text is not a whole safetensors file"),
        (&["--target", "none"], "cannot read none"),
        (&["--target", &gap, "--width", "20"], "conv1.weight: of width 20, input channel 2 (from 0) has"),
        (&["--target", &gap, "--width", "0"], "write a whole number from 1"),
        (&["--target", &gap, "--width", "1e15"], "give a smaller --width"),
        (&["--target", &gap, "--size", "300"], "--size asks to keep 300: give --width"),
        (&["--target", &gap, "--eps", "-1"], "write a number from 1e-100 to 1e100"),
        (&["--target", &gap, "--eps", "1e306"], "write a number from 1e-100 to 1e100"),
        (&["--target", &gap, "--scale", "1e150"], "a number from 1e-30 to 1e30, the norm1 to scale to"),
        (&["--target", &gap, "--seed", "-1"], "write a whole number from 0 to 18446744073709551615"),
        (&["--target", &gap, "--scale", "big"], "write auto, none, theorem, or a number from 1e-30 to 1e30"),
        (&["--target", &full, "--side", "5"], "--side 5: a kernel of side 4 with padding 0 does not fit"),
        (
            &["--target", "two", "--images", &images],
            "x has the shape (200, 1, 8, 8): give at least one image, of the 2 channels",
        ),
        (&["--target", &gap, "--images", "file"], "file is not a whole .npz file"),
        (&["--target", &gap, "--width", "400", "--out", "file"], "file is a file; name a folder with --out"),
        (&["--target", &gap, "--width", "400", "--out", "taken"], "layers.csv is a folder"),
    ];
    for (arguments, message) in cases {
        let width: &[&str] = if arguments.contains(&"--width") { &[] } else { &width };
        let refused = prune_in(folder.path(), &[arguments, width].concat());
        refused.code(2).stderr(predicate::str::contains(message));
        assert!(!folder.path().join("pruned").exists(), "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("taken")).unwrap().count(), 1, "nothing was written");
}

#[test]
fn images_that_the_certificate_does_not_cover_are_said_to_be_such() {
    let folder = tempfile::tempdir().unwrap();
    let (file, images) = (target("digits_gap.safetensors"), target("digits_gap_test.npz"));
    let base = ["--target", &file, "--width", "400", "--effort", "quick", "--images", &images];
    let said = predicate::str::contains("they are 8 x 8: the error over all X does not cover them");
    prune_in(folder.path(), &[&base[..], &["--side", "5"]].concat()).success().stdout(said.clone());
    prune_in(folder.path(), &base).success().stdout(said.not());
}

#[test]
fn a_pruned_network_can_be_a_target_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("one"),
        safetensors(&[("conv0.weight", vec![2, 1, 3, 3], (0..18).map(|i| (i as f32 * 0.7).sin()).collect())], None),
    )
    .unwrap();
    prune_in(folder.path(), &["--target", "one", "--width", "100", "--size", "4", "--quiet"]).success();
    let again = ["--target", "pruned/pruned.safetensors", "--width", "200", "--out", "again", "--side", "6"];
    let report = report(folder.path(), &again);
    assert_eq!(report["layers"].as_array().unwrap().len(), 2);
    assert!(report["total"]["lower"].as_f64().unwrap() <= report["total"]["upper"].as_f64().unwrap());
}

#[test]
fn options_outside_the_paper_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let waves = |count: usize, step: f32| (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<f32>>();
    let tensors = [
        ("conv0.weight", vec![2, 1, 3, 3], waves(18, 0.7)),
        ("conv0.bias", vec![2], vec![0.5, -0.75]),
        ("conv1.weight", vec![2, 2, 1, 1], waves(4, 1.3)),
        ("conv1.bias", vec![2], vec![1.5, 0.0]),
    ];
    std::fs::write(folder.path().join("net"), safetensors(&tensors, None)).unwrap();
    let base = ["--target", "net", "--width", "2000", "--side", "5"];
    prune_in(folder.path(), &base).code(2).stderr(predicate::str::contains("conv0.bias: it is a bias"));
    for (law, leak) in [("uniform", "0.25"), ("student-t", "0"), ("kaiming", "0.01")] {
        let mut outside = vec!["--biases", "--law", law, "--leak", leak];
        if law == "kaiming" {
            outside.push("--direct");
        }
        let report = report(folder.path(), &[&base[..], &outside].concat());
        assert_eq!(report["design"]["law"], law);
        assert_eq!(report["design"]["biases"], true);
        let hypotheses = &report["layers"][0]["hypotheses"];
        assert_eq!((&hypotheses["U, V ~ N(0, 1)"], &hypotheses["phi = ReLU"]), (&json!(false), &json!(leak == "0")));
        let leak: f64 = leak.parse().unwrap();
        let pruned = weights::read(&folder.path().join("pruned/pruned.safetensors")).unwrap();
        assert_eq!(pruned.leak(), leak);
        let target = weights::read_with_biases(&folder.path().join("net")).unwrap().with_leak(leak).unwrap();
        let upper = report["total"]["upper"].as_f64().unwrap();
        assert!(upper < 0.2, "{law}: {upper}");
        let worst = image(&certificate(folder.path(), "pruned")["total"]["worst_input"]);
        assert_eq!(worst.without_last().with_ones(), worst);
        let error = target.forward(&worst).distance(&pruned.forward(&worst));
        let lower = report["total"]["lower"].as_f64().unwrap();
        assert!((error - lower).abs() < 1e-9 && lower <= upper, "{law}: {error} {lower}");
    }
    let refused =
        prune_in(folder.path(), &["--target", "pruned/pruned.safetensors", "--width", "2000", "--leak", "0.5"]);
    refused.code(2).stderr(predicate::str::contains("has leaky ReLUs of slope 0.01, and --leak says 0.5"));
    let refused = prune_in(folder.path(), &[&base[..], &["--biases", "--leak", "1"]].concat());
    refused.code(2).stderr(predicate::str::contains("give a number from 0 to below 1"));
    prune_in(folder.path(), &[&base[..], &["--law", "cauchy"]].concat())
        .code(2)
        .stderr(predicate::str::contains("the laws are normal, uniform, student-t, kaiming"));
}

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/weights").join(name).display().to_string()
}

/// What people bring is read, or the message says what to write, and that works.
#[test]
fn state_dicts_are_read_or_the_hint_works() {
    let folder = tempfile::tempdir().unwrap();
    let reads = |arguments: &[&str], said: &str| {
        let width = ["--width", "700", "--size", "4", "--effort", "quick"];
        prune_in(folder.path(), &[arguments, &width].concat()).success().stderr(predicate::str::contains(said));
    };
    let refuses = |arguments: &[&str], said: &str| {
        let refused = prune_in(folder.path(), &[arguments, &["--width", "1500"]].concat());
        refused.code(2).stderr(predicate::str::contains(said));
    };
    reads(&["--target", &case("npz-no-npy-suffix.npz")], "");
    reads(&["--target", &case("npz-arch-json-string.npz")], "");
    reads(&["--target", &case("slt-pool-key.safetensors")], "with average pooling 2 stride 2");
    reads(
        &["--target", &case("st-module-prefix.safetensors")],
        "is read as module.conv1 3x3 1->3 stride 1 pad 1, ReLU",
    );
    let sequential = case("st-sequential-bias.safetensors");
    refuses(&["--target", &sequential], "say --biases");
    reads(&["--target", &sequential, "--biases"], "features.0 3x3");
    let norm = case("st-batchnorm.safetensors");
    refuses(&["--target", &norm], "it is of a batch norm, which folds");
    reads(&["--target", &norm, "--biases"], "conv0 3x3 1->3 stride 1 pad 1 with batch norm bn0 (eps 1e-5)");
    for (name, biases) in [("slt-sequential", true), ("slt-lenet5", false)] {
        let (file, mut arguments) = (case(&format!("{name}.safetensors")), vec!["--arch", "net.toml"]);
        arguments.extend(["--target", &file]);
        if biases {
            refuses(&["--target", &file], "say --biases");
            arguments.push("--biases");
        }
        let refused = prune_in(folder.path(), &[&arguments[2..], &["--width", "1500"]].concat());
        let said = String::from_utf8(refused.code(2).get_output().stderr.clone()).unwrap();
        let layers = said.lines().find(|line| line.trim().starts_with("layers = ")).unwrap();
        std::fs::write(folder.path().join("net.toml"), layers).unwrap();
        // Its searches would take long; that it is read is what matters here.
        let arch = weights::Architecture::read(&folder.path().join("net.toml")).unwrap();
        let reading = weights::read_as(Path::new(&file), Some(&arch), biases).unwrap();
        assert!(reading.said.unwrap().contains("linear over"));
    }
}

/// Average pooling stands in both networks as it is: what is written is the target's, pooling and all.
#[test]
fn a_network_like_lenet_5_goes_in_as_it_is() {
    let waves = |count: usize, step: f32| (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<f32>>();
    let folder = tempfile::tempdir().unwrap();
    let tensors = [
        ("module.conv1.weight", vec![2, 1, 3, 3], waves(18, 0.7)),
        ("module.conv2.weight", vec![2, 2, 3, 3], waves(36, 1.3)),
        ("module.fc1.weight", vec![3, 8], waves(24, 1.9)),
        ("module.fc2.weight", vec![2, 3], waves(6, 2.3)),
    ];
    std::fs::write(folder.path().join("net"), safetensors(&tensors, None)).unwrap();
    let arch = "layers = [{conv = \"conv1\", pad = 1}, \"relu\", {avgpool = 2}, {conv = \"conv2\"}, \"relu\", {avgpool = 2}, \
                \"flatten\", {linear = \"fc1\"}, \"relu\", {linear = \"fc2\"}]";
    std::fs::write(folder.path().join("net.toml"), arch).unwrap();
    let base = ["--target", "net", "--arch", "net.toml", "--width", "500", "--effort", "quick"];
    let report = report(folder.path(), &base);
    let layers = report["layers"].as_array().unwrap();
    let named: Vec<(&str, u64)> =
        layers.iter().map(|layer| (layer["name"].as_str().unwrap(), layer["layer"].as_u64().unwrap())).collect();
    assert_eq!(named, [("module.conv1", 0), ("module.conv2", 2), ("module.fc1", 4), ("module.fc2", 5)]);
    assert_eq!(report["total"]["side"], json!([12, 12]));
    let pruned = weights::read(&folder.path().join("pruned/pruned.safetensors")).unwrap();
    assert_eq!((pruned.layers().len(), pruned.depth()), (10, 8));
    assert_eq!(pruned.shapes(12, 12).unwrap().last(), Some(&(1, 1)));
    let arch = weights::Architecture::read(&folder.path().join("net.toml")).unwrap();
    let target = weights::read_as(&folder.path().join("net"), Some(&arch), false).unwrap().network;
    let worst = image(&certificate(folder.path(), "pruned")["total"]["worst_input"]);
    let error = target.forward(&worst).distance(&pruned.forward(&worst));
    let (lower, upper) = (report["total"]["lower"].as_f64().unwrap(), report["total"]["upper"].as_f64().unwrap());
    assert!((error - lower).abs() < 1e-9 * lower && lower <= upper, "{error} {lower} {upper}");
    let refused = prune_in(folder.path(), &[&base[..], &["--side", "16"]].concat());
    refused.code(2).stderr(predicate::str::contains("leave 3 x 3 there").and(predicate::str::contains("12 x 12")));
    let refused = prune_in(folder.path(), &[&base[..], &["--leak", "0.1"]].concat());
    refused.code(2).stderr(predicate::str::contains("is average pooling"));
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("pruned.safetensors");
    std::fs::copy(target("digits_gap.safetensors"), &input).unwrap();
    let refused = prune_in(folder.path(), &["--target", "./pruned.safetensors", "--width", "400", "--out", "."]);
    refused
        .code(2)
        .stderr(predicate::str::contains("would be written over by pruned.safetensors: name another folder"));
    assert_eq!(std::fs::read(&input).unwrap(), std::fs::read(target("digits_gap.safetensors")).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn signals_and_time_limits_end_it_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = case("pad50.safetensors");
    let base = ["--target", &file, "--width", "2000", "--threads", "1", "--side", "200"];
    let child = start(folder.path(), &base);
    std::thread::sleep(Duration::from_millis(1500));
    let killed = Instant::now();
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    // Twice what is promised, for a machine that does other things too.
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    assert_eq!(output.status.code(), Some(4));
    let limited = Instant::now();
    let refused = prune_in(folder.path(), &[&base[..], &["--time-limit", "1", "--out", "limited"]].concat());
    refused
        .code(4)
        .stderr(predicate::str::contains("the time limit is over").and(predicate::str::contains("--resume")));
    assert!(limited.elapsed() < Duration::from_secs(3), "{:?}", limited.elapsed());
}

#[test]
fn large_sides_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = target("digits_gap.safetensors");
    let base = ["--target", &file, "--width", "400", "--effort", "quick"];
    let total = |out: &str, side: &str| {
        report(folder.path(), &[&base[..], &["--side", side, "--out", out]].concat())["total"].clone()
    };
    let (small, large) = (total("small", "40"), total("large", "4096"));
    assert_eq!((&small["lower"], &small["upper"]), (&large["lower"], &large["upper"]));
}

#[test]
fn silent_filters_go_exactly_and_that_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let (target, images) = (target("digits_full.safetensors"), target("digits_full_test.npz"));
    let base = ["--target", &target, "--width", "600", "--images", &images];
    let all = report(folder.path(), &base);
    let fewer = report(folder.path(), &[&base[..], &["--drop-silent", "--out", "fewer", "--page"]].concat());
    let page = std::fs::read_to_string(folder.path().join("fewer/page.html")).unwrap();
    let picture = std::fs::read_to_string(folder.path().join("fewer/picture.svg")).unwrap();
    assert!(page.contains(&picture) && page.contains("filters are kept") && page.ends_with("</html>\n"));
    assert_eq!(fewer["files"].as_array().unwrap().last().unwrap(), "page.html");
    // Another pruning without a page leaves none that would be of this one.
    report(folder.path(), &[&base[..], &["--out", "fewer"]].concat());
    assert!(!folder.path().join("fewer/page.html").exists() && folder.path().join("fewer/picture.svg").exists());
    assert_eq!(all["images"]["pruned_right"], fewer["images"]["pruned_right"]);
    assert_eq!(fewer["layers"][0]["kept"], all["layers"][0]["kept"]);
    for layer in [1, 2] {
        assert_eq!(fewer["layers"][layer]["kept_plus"], all["layers"][layer]["kept_plus"]);
        assert_eq!(fewer["layers"][layer]["kept_minus"], 0);
        let hypotheses = &fewer["layers"][layer]["hypotheses"];
        assert_eq!(hypotheses["filters are kept for the negative part behind a ReLU"], false);
    }
    assert!(fewer["masked_network"]["difference"].as_f64().unwrap() < 1e-10);
}

/// At a distance of 0 every image that both networks classify alike is certified, but for ties; farther away fewer are.
#[test]
fn balls_around_images_are_certified() {
    let folder = tempfile::tempdir().unwrap();
    let (target, images) = (target("digits_gap.safetensors"), target("digits_gap_test.npz"));
    let base = ["--target", &target, "--width", "3000", "--images", &images, "--ball-images", "6"];
    let certified = |radius: &str| {
        let report = report(folder.path(), &[&base[..], &["--ball", radius]].concat());
        assert_eq!(report["balls"]["images"], 6);
        report["balls"]["certified"].as_array().unwrap().len()
    };
    let counts = ["0", "0.001", "1"].map(certified);
    assert!(counts[0] >= 4 && counts[1] <= counts[0] && counts[2] == 0, "{counts:?}");
    prune_in(folder.path(), &["--target", &target, "--width", "3000", "--ball", "0.1"])
        .code(2)
        .stderr(predicate::str::contains("--images"));
}

/// What is spent on the gap narrows it, for all inputs and around images; what is wrong with a request is said.
#[test]
fn time_brings_bounds_nearer() {
    let folder = tempfile::tempdir().unwrap();
    let (target, images) = (target("digits_full.safetensors"), target("digits_full_test.npz"));
    let base = ["--target", &target, "--width", "3000", "--images", &images];
    let around = ["--radius", "0.02", "--around", "0", "--around", "7"];
    let plain = report(folder.path(), &[&base[..], &around].concat());
    let nearer = report(folder.path(), &[&base[..], &around, &["--tighten", "4"]].concat());
    let ratio = |figures: &Value| figures["upper"].as_f64().unwrap() / figures["lower"].as_f64().unwrap();
    let (before, after) = (ratio(&plain["total"]), ratio(&nearer["total"]));
    assert!(after >= 1.0 && after < 0.97 * before, "{before} {after}");
    let indices: Vec<u64> =
        nearer["balls"]["around"].as_array().unwrap().iter().map(|ball| ball["image"].as_u64().unwrap()).collect();
    assert_eq!(indices, [0, 7]);
    for index in 0..2 {
        let [before, after] = [&plain, &nearer].map(|report| ratio(&report["balls"]["around"][index]));
        assert!(after >= 1.0 && after <= before && after < 1.6, "{before} {after}");
        assert!(nearer["balls"]["around"][index]["upper"].as_f64() < nearer["total"]["lower"].as_f64());
    }
    let refused = |arguments: &[&str], what: &str| {
        prune_in(folder.path(), &[&base[..], arguments].concat()).code(2).stderr(predicate::str::contains(what));
    };
    refused(&["--around", "0"], "--ball");
    // Before anything is pruned.
    refused(&["--radius", "0.1", "--around", "200", "--out", "early"], "there are 200 images: give 0 to 199");
    refused(&["--proof", "--side", "40", "--out", "early"], "slopes would have to be written");
    assert!(!folder.path().join("early").exists());
    refused(&["--radius", "0.1", "--around", "0", "--ball-images", "3"], "cannot be used with");
    refused(&["--tighten", "-1"], "--tighten");
}
