//! The declared measurand: a draw, and an event, mean or quantile of it, as a user writes them beside a statement.

mod chance;
mod distance;
mod exact;
mod family;
mod function;
mod law;
mod model;
mod quantile;
mod range;
mod region;
mod sampling;
mod statistic;
mod syntax;
#[cfg(test)]
mod tests;
mod tilted;
mod value;

use std::path::Path;
use std::sync::Arc;

use self::exact::enumerated;
use self::family::Member;
use self::model::{Model, Shape, bind};
use self::sampling::{Drawing, Tape};
use self::statistic::Statistic;
use self::syntax::Node;
use self::value::{Value, evaluate};
use super::outside::Outside;
use super::{Draw, Estimator, Measurand, Procedure, undeclared};
use crate::claim::Claim;
use crate::error::{Error, Result, nearest_name};
use crate::evidence::{Bearing, Evidence, Method};
use crate::formula::SyntaxError;
use crate::statement::{Cell, Domain, Located, Names, Parameter, Relation, Statement, Value as Given, Written};

/// A text of a declaration and where it stands in its file.
#[derive(Debug, Clone)]
struct Text {
    text: String,
    node: Node,
    line: usize,
    column: usize,
}

impl Text {
    fn read(located: &Located) -> Result<Self> {
        let Located { text, line, column } = located;
        let (text, line, column) = (text.clone(), *line, *column);
        match syntax::parse(&text) {
            Ok(node) => Ok(Text { text, node, line, column }),
            Err(error) => Err(located.error(&error)),
        }
    }

    fn error(&self, error: &SyntaxError) -> Error {
        Located { text: self.text.clone(), line: self.line, column: self.column }.error(error)
    }
}

/// What is measured of the draw.
#[derive(Debug, Clone)]
enum Measured {
    /// Its probability.
    Event(Text),
    Mean(Text),
    /// At a level between 0 and 1.
    Quantile(Text, f64),
}

impl Measured {
    fn text(&self) -> &Text {
        match self {
            Measured::Event(text) | Measured::Mean(text) | Measured::Quantile(text, _) => text,
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Measured::Event(_) => Shape::Truth,
            Measured::Mean(_) | Measured::Quantile(..) => Shape::Number,
        }
    }
}

/// What a user declares: draws, each of which uses those before it only, and what is measured of them.
#[derive(Debug, Clone)]
struct Declaration {
    draws: Vec<(String, Text)>,
    given: Option<Text>,
    quantity: Measured,
}

/// Reads the claim that a file declares, or that of this id among several; `path` is the file, for the commands that name it.
///
/// # Errors
/// Names the line, the column, the key, and what to write.
pub fn claim(text: &str, path: &Path, id: Option<&str>) -> Result<Claim> {
    let (statement, written) = Statement::declared(text, path, id)?;
    if let Some(command) = written.command {
        return Ok(Claim::new(statement, Outside::new(command)));
    }
    let declared = Declared::new(&statement, &written)?;
    Ok(Claim::new(statement, declared))
}

impl Declaration {
    fn read(written: &Written, statement: &Statement) -> Result<Self> {
        let mut draws = Vec::new();
        for (name, text) in &written.draws {
            check_name(&name.text, statement).map_err(|error| error.at(name.place()))?;
            draws.push((name.text.clone(), Text::read(text)?));
        }
        let quantity = match (&written.event, &written.mean, &written.quantile) {
            (Some(event), None, None) => Measured::Event(Text::read(event)?),
            (None, Some(mean), None) => Measured::Mean(Text::read(mean)?),
            (None, None, Some((of, level))) => Measured::Quantile(Text::read(of)?, *level),
            _ => {
                return Err(Error::input(
                    "[claim]: write one of event = \"S >= t\", mean = \"abs(S)\" and quantile = { of = \"S\", level = 0.5 }",
                ));
            }
        };
        let given = written.given.as_ref().map(Text::read).transpose()?;
        let declaration = Declaration { draws: ordered(draws)?, given, quantity };
        declaration.check_names(statement)?;
        Ok(declaration)
    }

    /// Refuses names that stand for nothing, and an event that depends on no draw.
    fn check_names(&self, statement: &Statement) -> Result<()> {
        let parameters = statement.parameters.iter().filter(|parameter| parameter.domain.is_numeric());
        let mut known: Vec<&str> = parameters.map(|parameter| parameter.name.as_str()).collect();
        known.extend(statement.lets.iter().map(|(name, _)| name.as_str()).chain(["pi", "e"]));
        known.extend(self.draws.iter().map(|(name, _)| name.as_str()));
        let texts = self.draws.iter().map(|(_, text)| text).chain(&self.given).chain([self.quantity.text()]);
        for text in texts {
            for (name, place) in text.node.names() {
                if !known.contains(&name) {
                    let near = nearest_name(name, known.iter().copied());
                    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                    let message = format!("{name} is unknown{near}; known are {}", known.join(", "));
                    return Err(text.error(&SyntaxError::new(place, &message)));
                }
                if let Some(constant) = statement.constants.iter().find(|constant| statement.stands_for(name, constant))
                {
                    let message =
                        format!("{constant} exists for all cells, and what is measured does not depend on it");
                    return Err(text.error(&SyntaxError::new(place, &message)));
                }
            }
        }
        Ok(())
    }
}

/// Refuses a draw's name that means something else.
fn check_name(name: &str, statement: &Statement) -> Result<()> {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_taken = statement.parameters.iter().any(|parameter| parameter.name == name)
        || statement.lets.iter().any(|(known, _)| known == name)
        || ["pi", "e", "and", "or", "not"].contains(&name);
    match (is_plain, is_taken) {
        (false, _) => {
            Err(Error::input(format!("draw.{name}: a name is made of letters, digits and _, a letter first")))
        }
        (_, true) => Err(Error::input(format!("draw.{name}: this name means something else already; take another"))),
        _ => Ok(()),
    }
}

/// The draws in an order in which each uses those before it only.
fn ordered(mut draws: Vec<(String, Text)>) -> Result<Vec<(String, Text)>> {
    let mut done: Vec<(String, Text)> = Vec::new();
    while !draws.is_empty() {
        let waits = |text: &Text, draws: &[(String, Text)]| {
            text.node
                .names()
                .into_iter()
                .find(|(used, _)| draws.iter().any(|(name, _)| name == used))
                .map(|(_, place)| place)
        };
        match draws.iter().position(|(_, text)| waits(text, &draws).is_none()) {
            Some(next) => done.push(draws.remove(next)),
            None => {
                let (name, text) = &draws[0];
                let place = waits(text, &draws).unwrap_or(0..0);
                let message =
                    format!("draw.{name} is circular: each name may use others, but not itself by way of them");
                return Err(text.error(&SyntaxError::new(place, &message)));
            }
        }
    }
    Ok(done)
}

/// A method by which declarations are measured.
struct Way {
    method: Method,
    /// Whether it may measure a model.
    admits: fn(&Declared, &Model) -> bool,
    estimator: for<'a> fn(&'a Declared, &'a Cell) -> Result<Estimator<'a>>,
}

/// The methods, first the one that is taken where none is asked for.
static WAYS: [Way; 7] = [
    // The search comes first: the draws are those of the law that it finds.
    Way {
        method: Method::Search,
        admits: |_, model| model.family.is_some(),
        estimator: |declared, cell| Ok(Estimator::deterministic(move || Ok(declared.worst(cell)?.1))),
    },
    Way {
        method: Method::ClosedForm,
        admits: |declared, model| declared.closed(model).is_some(),
        estimator: |declared, cell| Ok(declared.in_closed_form(declared.model(cell)?)),
    },
    Way {
        method: Method::Quadrature,
        admits: |declared, model| declared.layered(model).is_some(),
        estimator: |declared, cell| declared.by_quadrature(declared.model(cell)?),
    },
    Way {
        method: Method::Importance,
        admits: |_, model| model.target_is_event() && tilted::estimator(model).is_ok(),
        estimator: |declared, cell| tilted::estimator(&declared.model(cell)?),
    },
    Way {
        method: Method::Collapsed,
        admits: |declared, model| model.target_is_event() && declared.collapsed(model).is_ok(),
        estimator: |declared, cell| declared.collapsed(&declared.model(cell)?),
    },
    Way {
        method: Method::Literal,
        admits: |declared, model| model.target.is_random() && declared.check_sampled(model).is_ok(),
        estimator: |declared, cell| declared.literal(declared.model_of_draws(cell)?),
    },
    Way {
        method: Method::Enumeration,
        admits: |_, model| model.target.is_random() && Tape::new(model).is_ok(),
        estimator: |declared, cell| by_enumeration(declared.model(cell)?),
    },
];

/// Measures what is declared.
struct Declared {
    statement: Statement,
    declaration: Declaration,
    methods: Vec<Method>,
}

/// A literal batch holds about so many numbers.
const NUMBERS_IN_BATCH: usize = 65_536;

impl Declared {
    fn new(statement: &Statement, written: &Written) -> Result<Self> {
        let declaration = Declaration::read(written, statement)?;
        let mut declared = Declared { statement: statement.clone(), declaration, methods: Vec::new() };
        declared.methods = declared.admitted()?;
        Ok(declared)
    }

    /// The methods that the declaration admits at some of a few cells of its domain.
    fn admitted(&self) -> Result<Vec<Method>> {
        let (mut admitted, mut failure) = (Vec::new(), None);
        for place in [0.5, 0.0, 0.25, 0.75, 1.0] {
            let found = self.model(&probe(&self.statement, place)).and_then(|model| {
                self.check_event(&model)?;
                self.methods_of(&model)
            });
            match found {
                Ok(methods) => admitted.extend(methods),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match (admitted.is_empty(), failure) {
            // What is wrong at one cell only is said there.
            (true, Some(error)) => Err(error),
            _ => Ok(WAYS.iter().map(|way| way.method).filter(|method| admitted.contains(method)).collect()),
        }
    }

    /// The worst law is searched; draws of it confirm what is found.
    fn methods_of_family(&self, model: &Model) -> Result<Vec<Method>> {
        let text = self.declaration.quantity.text();
        let refused = |message: &str| Err(text.error(&SyntaxError::new(text.node.place.clone(), message)));
        match self.declaration.quantity {
            Measured::Quantile(..) => refused("for any law of a family an event or a mean is measured; declare one"),
            Measured::Mean(_) if range::range(model, &model.target).0 < 0.0 => {
                refused("for any law of a family the mean is of a number that is never below 0; take abs(...)")
            }
            Measured::Mean(_) if most_of_mean(model).is_err() => Ok(vec![Method::Search]),
            _ => Ok(vec![Method::Search, Method::Literal]),
        }
    }

    /// Refuses an event that depends on no draw.
    fn check_event(&self, model: &Model) -> Result<()> {
        if model.target.is_random() || !model.target_is_event() {
            return Ok(());
        }
        let text = self.declaration.quantity.text();
        let message = "the event depends on no draw: it is always true or never; use a name of draw";
        Err(text.error(&SyntaxError::new(text.node.place.clone(), message)))
    }

    fn methods_of(&self, model: &Model) -> Result<Vec<Method>> {
        if model.family.is_some() {
            return self.methods_of_family(model);
        }
        let admitted: Vec<Method> = WAYS.iter().filter(|way| (way.admits)(self, model)).map(|way| way.method).collect();
        if admitted.is_empty() {
            self.check_sampled(model)?;
            return Err(Error::Defect("no method admits the claim".into()));
        }
        Ok(admitted)
    }

    /// Refuses a mean that no sample can bound.
    fn check_sampled(&self, model: &Model) -> Result<()> {
        match self.declaration.quantity {
            Measured::Mean(_) => most_of_mean(model).map(|_| ()),
            Measured::Event(_) | Measured::Quantile(..) => Ok(()),
        }
    }

    /// The declaration at a cell.
    fn model(&self, cell: &Cell) -> Result<Model> {
        self.model_with(cell, None)
    }

    /// The declaration at a cell, with the worst law that is found for any of a family.
    fn model_of_draws(&self, cell: &Cell) -> Result<Model> {
        let model = self.model(cell)?;
        if model.family.is_none() { Ok(model) } else { self.model_with(cell, Some(&self.worst(cell)?.0)) }
    }

    /// The declaration at a cell, with this law for any of a family.
    fn model_with(&self, cell: &Cell, member: Option<&Member>) -> Result<Model> {
        let symbol = |name: &str| Err(undeclared(name));
        let names = Names::new(&self.statement, cell, &symbol);
        bind(&self.declaration, &|name| names.number(name), member)
    }

    /// The worst law of the declaration's family that the search finds, with what is known exactly of it.
    fn worst(&self, cell: &Cell) -> Result<(Member, Evidence)> {
        let model = self.model(cell)?;
        let family = model.family.as_ref().ok_or_else(|| Error::Defect("there is no family of laws".into()))?;
        let greatest = self.statement.relation != Relation::AtLeast;
        let entries: usize = model.draws.iter().fold(0, |sum, draw| sum.saturating_add(draw.shape.size()));
        let listed = std::cell::Cell::new(0.0);
        let measure = |member: &Member| {
            let model = self.model_with(cell, Some(member)).ok()?;
            let evidence = match self.closed(&model) {
                Some(evidence) => evidence.ok()?,
                None => {
                    let outcomes = Tape::new(&model).ok()?.outcomes();
                    listed.set(listed.get() + outcomes);
                    if outcomes > MOST_OF_MEMBER || listed.get() > MOST_OF_FAMILY {
                        return None;
                    }
                    enumerated(&model).ok()?
                }
            };
            // The chance of each outcome is that of a law of the family up to this; of a condition, too.
            let error = 2.0 * member.error * entries as f64;
            let (ln_lo, ln_hi) = (evidence.ln_lo - error, evidence.ln_hi + error);
            Some(Evidence { ln_lo, ln_hi, law: Some(member.text.clone()), ..evidence })
        };
        // A law of one point is known where no other is.
        let is_known = family.example().and_then(|member| measure(&member)).is_some();
        let worst = family.worst(greatest, entries <= MOST_OF_THREE, measure);
        worst.filter(|_| is_known).ok_or_else(|| {
            Error::unreachable(
                "of a law of two points nothing is known exactly here: the laws of a family take an event of a sum or of a largest \
                 value, or a smaller cell, whose outcomes can be listed",
            )
        })
    }

    /// What needs no draw, by the law of one statistic.
    fn closed(&self, model: &Model) -> Option<Result<Evidence>> {
        if let model::Expr::Constant(number) = &model.target {
            return Some(exact::of_sum(*number, Method::ClosedForm, 1));
        }
        let statistic = known(model)?;
        match &self.declaration.quantity {
            Measured::Event(_) => exact::event(model, &statistic).map(Ok),
            Measured::Mean(_) => exact::mean_of_values(model, &statistic),
            Measured::Quantile(_, level) => exact::quantile(model, &statistic, *level),
        }
    }

    /// The statistic whose function has a mean that is an integral.
    fn layered(&self, model: &Model) -> Option<Statistic> {
        let statistic = known(model).filter(|statistic| !statistic.law.is_discrete())?;
        let is_mean = matches!(self.declaration.quantity, Measured::Mean(_));
        (is_mean && exact::has_layers(model, &statistic)).then_some(statistic)
    }

    fn in_closed_form(&self, model: Model) -> Estimator<'_> {
        Estimator::deterministic(move || {
            self.closed(&model).ok_or_else(|| no_law("literal, or enumeration where the space is small"))?
        })
    }

    fn by_quadrature(&self, model: Model) -> Result<Estimator<'_>> {
        let statistic = self.layered(&model).ok_or_else(|| no_law("literal"))?;
        Ok(Estimator::deterministic(move || exact::mean_by_layers(&model, &statistic)))
    }

    /// Draws of the statistic by its own law.
    fn collapsed<'a>(&self, model: &Model) -> Result<Estimator<'a>> {
        let no_law = || Error::unreachable("the law of no single statistic is known here; take literal");
        let statistic = known(model).ok_or_else(no_law)?;
        let region = model.region(&model.target, &statistic).ok_or_else(no_law)?;
        let rounding = statistic.law.rounding();
        let sampler = Arc::new(statistic.law.sampler().map_err(Error::unreachable)?);
        Ok(Estimator::events(1024, move || {
            let (region, sampler) = (region.clone(), Arc::clone(&sampler));
            Box::new(move |stream| region.holds(sampler.draw(stream), rounding).map_or(Draw::unknown(), Draw::event))
        }))
    }

    /// The draws as they are declared.
    fn literal<'a>(&self, model: Model) -> Result<Estimator<'a>> {
        let numbers: usize = model.draws.iter().map(|draw| draw.shape.size()).sum();
        let batch = (NUMBERS_IN_BATCH / numbers.max(1)).clamp(16, 1024) as u64;
        let model = Arc::new(model);
        Drawing::new(&model)?;
        match self.declaration.quantity {
            Measured::Event(_) => Ok(Estimator::events(batch, move || {
                let truth = |value: &Value| value.is_true().map_or(Draw::unknown(), Draw::event);
                sampler(&model, truth)
            })),
            Measured::Mean(_) => {
                let most = most_of_mean(&model)?;
                Ok(Estimator::values(most.ln(), batch, move || {
                    sampler(&model, move |value| {
                        let (x, error) = (value.numbers()[0], value.error);
                        let share = |x: f64| (x / most).clamp(0.0, 1.0);
                        if x.is_nan() || error.is_nan() {
                            Draw::unknown()
                        } else {
                            Draw { lo: share(x - error), hi: share(x + error) }
                        }
                    })
                }))
            }
            Measured::Quantile(_, level) => Ok(quantile::estimator(model, level)),
        }
    }
}

impl Model {
    fn target_is_event(&self) -> bool {
        use model::Expr;
        match &self.target {
            Expr::Not(_) => true,
            Expr::Binary(operator, ..) => {
                operator.compares() || matches!(operator, syntax::Operator::And | syntax::Operator::Or)
            }
            _ => false,
        }
    }
}

fn by_enumeration<'a>(model: Model) -> Result<Estimator<'a>> {
    Tape::new(&model)?;
    Ok(Estimator::deterministic(move || enumerated(&model)))
}

fn no_law(instead: &str) -> Error {
    Error::unreachable(format!("the law of what is measured is not known here; take {instead}"))
}

/// The statistic of the target, unless a condition changes its law.
fn known(model: &Model) -> Option<Statistic> {
    if model.given.is_some() { None } else { model.statistic(&model.target) }
}

/// Evaluates the target on one draw after another.
fn sampler<'a>(model: &Arc<Model>, say: impl Fn(&Value) -> Draw + 'a) -> super::Sampler<'a> {
    // One was made before, where an error would have been told.
    let mut drawing = Drawing::new(model).ok();
    let model = Arc::clone(model);
    Box::new(move |stream| {
        let draws = drawing.as_mut().and_then(|drawing| drawing.next(stream));
        draws.map_or(Draw::unknown(), |draws| say(&evaluate(&model.target, draws)))
    })
}

/// The greatest value of a target whose mean is sampled.
fn most_of_mean(model: &Model) -> Result<f64> {
    let (low, high) = range::range(model, &model.target);
    match (low >= 0.0, high.is_finite() && high > 0.0) {
        (true, true) => Ok(high),
        (false, _) => Err(Error::unreachable(
            "the target may be below 0, and the mean of a size is sampled; take the mean of its absolute value",
        )),
        _ => Err(Error::unreachable(
            "the target has no known upper limit, and no sample bounds the mean of such a number; bound it, as in min(x, 10), or \
             take an event or a quantile",
        )),
    }
}

/// A cell of the domain: each parameter at a place of its own from 0 to 1, for what does not depend on their values.
fn probe(statement: &Statement, place: f64) -> Cell {
    let places =
        (0..).map(|index| if place.fract() == 0.0 { place } else { (place + GOLDEN * f64::from(index)).fract() });
    let value = |(parameter, place): (&Parameter, f64)| match (&parameter.domain, &parameter.default) {
        (_, Some(default)) => parameter.parse(default).unwrap_or(Given::Word(default.clone())),
        (Domain::Integer(low, high), _) => {
            let high = (*high).min(low.saturating_add(MOST_OF_PROBE));
            Given::Integer(low + (place * (high - low) as f64) as u64)
        }
        (Domain::Real(interval), _) => {
            let (low, high) = interval.ends();
            let low = low.max(-1.0);
            let high = high.min(low + 2.0);
            Given::Real(low + place.clamp(0.01, 0.99) * (high - low))
        }
        (Domain::Word(words) | Domain::Vector { words, .. }, _) => {
            Given::Word(words.first().cloned().unwrap_or_default())
        }
        (Domain::Text(_), _) => Given::Word(String::new()),
    };
    Cell::of_values(&statement.parameters, statement.parameters.iter().zip(places).map(value).collect())
}

/// Outcomes that are listed for one law of a family, and for all that are searched.
const MOST_OF_MEMBER: f64 = 2000.0;
const MOST_OF_FAMILY: f64 = 4e5;
/// Draws of more numbers have no three-point laws: folding them takes too long.
const MOST_OF_THREE: usize = 100;

/// Steps of this part of an interval come near every place of it.
const GOLDEN: f64 = 0.618_033_988_749_894_8;
/// Whole numbers of a probe are at most so far from their least.
const MOST_OF_PROBE: u64 = 6;

impl Measurand for Declared {
    fn procedures(&self) -> Vec<Procedure<'_>> {
        let admitted = WAYS.iter().filter(|way| self.methods.contains(&way.method));
        let procedure = |way: &'static Way| Procedure::new(way.method, move |cell| (way.estimator)(self, cell));
        admitted.map(procedure).collect()
    }

    fn check(&self, cell: &Cell) -> Result<()> {
        self.model(cell).map(|_| ())
    }

    fn bearing(&self, _: &Cell) -> Bearing {
        if self.methods.contains(&Method::Search) { Bearing::OneOfAll } else { Bearing::Decides }
    }
}
