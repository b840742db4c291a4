//! From the text of a declared draw, event or quantity to its tree, each part with its place.

use std::ops::Range;

use super::function::Function;
use crate::error::nearest_name;
use crate::formula::SyntaxError;
use crate::formula::token::{Cursor, Token};

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub kind: Kind,
    /// Its bytes in the text.
    pub place: Range<usize>,
}

/// What a part says.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Number(f64),
    Name(String),
    List(Vec<Node>),
    Negate(Box<Node>),
    Not(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    /// Any law of a family.
    Any(Box<AnyLaw>),
}

/// `any(bounded(low, high), mean = m, variance <= v)`: the ends of the interval, and the conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyLaw {
    pub ends: [Node; 2],
    pub conditions: Vec<Moment>,
}

/// A condition on a moment of a law.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    pub is_variance: bool,
    /// At most, at least or equal.
    pub operator: Operator,
    pub to: Node,
}

/// An operator between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
    And,
    Or,
}

impl Operator {
    /// The comparison that a symbol stands for.
    fn comparison(symbol: &str) -> Operator {
        match symbol {
            ">=" => Operator::AtLeast,
            "<=" => Operator::AtMost,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            "==" => Operator::Equal,
            _ => Operator::Unequal,
        }
    }

    /// The comparison with its sides exchanged.
    pub fn flipped(self) -> Operator {
        match self {
            Operator::AtLeast => Operator::AtMost,
            Operator::AtMost => Operator::AtLeast,
            Operator::Greater => Operator::Less,
            Operator::Less => Operator::Greater,
            same => same,
        }
    }

    /// Whether it compares two numbers.
    pub fn compares(self) -> bool {
        use Operator::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
        matches!(self, Less | AtMost | Greater | AtLeast | Equal | Unequal)
    }
}

impl Node {
    /// The names that stand in it, each with its place.
    pub fn names(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.visit(&mut |node| {
            if let Kind::Name(name) = &node.kind {
                found.push((name.as_str(), node.place.clone()));
            }
        });
        found
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Node)) {
        see(self);
        match &self.kind {
            Kind::Number(_) | Kind::Name(_) => {}
            Kind::List(parts) | Kind::Call(_, parts) => parts.iter().for_each(|part| part.visit(see)),
            Kind::Negate(part) | Kind::Not(part) => part.visit(see),
            Kind::Binary(_, left, right) => [left, right].into_iter().for_each(|part| part.visit(see)),
            Kind::Any(any) => {
                any.ends.iter().chain(any.conditions.iter().map(|c| &c.to)).for_each(|part| part.visit(see))
            }
        }
    }
}

/// How any law of a family is written.
const ANY: &str =
    "write any(bounded(low, high), mean = m, variance <= v), with one of the two conditions, both or none";
/// Longer texts are refused, before the stack is: a chain of operators is as deep as it is long.
const MOST_TOKENS: usize = 1000;
/// Deeper texts are refused.
const DEEPEST: usize = 100;

/// Reads a text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let cursor = Cursor::new(text)?;
    if let Some(place) = cursor.place_of(MOST_TOKENS) {
        return Err(SyntaxError::new(place, "the text is too long; name parts of it under draw"));
    }
    let mut parser = Parser { cursor, depth: 0 };
    let node = parser.either()?;
    parser.cursor.end("the text ends before this; an operator such as * is missing")?;
    Ok(node)
}

struct Parser {
    cursor: Cursor,
    depth: usize,
}

impl Parser {
    /// Operands of one rule, joined from the left.
    fn joined(
        &mut self,
        operand: fn(&mut Self) -> Result<Node, SyntaxError>,
        operator: fn(&mut Self) -> Option<Operator>,
    ) -> Result<Node, SyntaxError> {
        let mut left = operand(self)?;
        while let Some(operator) = operator(self) {
            left = binary(operator, left, operand(self)?);
        }
        Ok(left)
    }

    fn either(&mut self) -> Result<Node, SyntaxError> {
        self.joined(Self::all, |parser| parser.cursor.take_word("or").then_some(Operator::Or))
    }

    fn all(&mut self) -> Result<Node, SyntaxError> {
        self.joined(Self::negated, |parser| parser.cursor.take_and().then_some(Operator::And))
    }

    fn negated(&mut self) -> Result<Node, SyntaxError> {
        let start = self.cursor.place().start;
        if !self.cursor.take_word("not") {
            return self.compared();
        }
        let inner = self.nested(Self::negated)?;
        Ok(Node { place: start..inner.place.end, kind: Kind::Not(Box::new(inner)) })
    }

    /// `a <= b <= c` compares neighbours.
    fn compared(&mut self) -> Result<Node, SyntaxError> {
        let mut left = self.sum()?;
        let mut all: Option<Node> = None;
        while let Some(symbol) = self.cursor.take(&[">=", "<=", "==", "!=", ">", "<"]) {
            let right = self.sum()?;
            let one = binary(Operator::comparison(symbol), left, right.clone());
            all = Some(match all {
                None => one,
                Some(before) => binary(Operator::And, before, one),
            });
            left = right;
        }
        if self.cursor.peek() == Some(&Token::Symbol("=")) {
            return Err(self.cursor.wrong("write == to compare"));
        }
        Ok(all.unwrap_or(left))
    }

    fn sum(&mut self) -> Result<Node, SyntaxError> {
        self.joined(Self::product, |parser| {
            let symbol = parser.cursor.take(&["+", "-"])?;
            Some(if symbol == "+" { Operator::Add } else { Operator::Subtract })
        })
    }

    fn product(&mut self) -> Result<Node, SyntaxError> {
        self.joined(Self::signed, |parser| {
            let symbol = parser.cursor.take(&["*", "/"])?;
            Some(if symbol == "*" { Operator::Multiply } else { Operator::Divide })
        })
    }

    /// -x^2 is -(x^2).
    fn signed(&mut self) -> Result<Node, SyntaxError> {
        let start = self.cursor.place().start;
        if self.cursor.take(&["-"]).is_none() {
            return self.power();
        }
        let inner = self.nested(Self::signed)?;
        let place = start..inner.place.end;
        Ok(match inner.kind {
            Kind::Number(value) => Node { kind: Kind::Number(-value), place },
            _ => Node { kind: Kind::Negate(Box::new(inner)), place },
        })
    }

    fn power(&mut self) -> Result<Node, SyntaxError> {
        let base = self.primary()?;
        if self.cursor.take(&["^"]).is_none() {
            return Ok(base);
        }
        let exponent = self.nested(Self::signed)?;
        Ok(binary(Operator::Power, base, exponent))
    }

    fn primary(&mut self) -> Result<Node, SyntaxError> {
        let place = self.cursor.place();
        match self.cursor.peek().cloned() {
            Some(Token::Number(value)) => {
                self.cursor.advance();
                Ok(Node { kind: Kind::Number(value), place })
            }
            Some(Token::Name(name)) => {
                self.cursor.advance();
                match self.cursor.take(&["("]) {
                    Some(_) => self.call(&name, place),
                    None => Ok(Node { kind: Kind::Name(name), place }),
                }
            }
            Some(Token::Symbol("(")) => {
                self.cursor.advance();
                let inner = self.nested(Self::either)?;
                let end = self.cursor.close(")")?;
                Ok(Node { place: place.start..end, ..inner })
            }
            Some(Token::Symbol("[")) => {
                self.cursor.advance();
                let parts = self.parts()?;
                let end = self.cursor.close("]")?;
                Ok(Node { kind: Kind::List(parts), place: place.start..end })
            }
            Some(_) => Err(self.cursor.wrong("a number, a name, ( or [ is missing before this")),
            None => Err(self.cursor.wrong("the text ends too early; a number, a name, ( or [ is missing")),
        }
    }

    /// One part or more between commas.
    fn parts(&mut self) -> Result<Vec<Node>, SyntaxError> {
        let mut parts = vec![self.nested(Self::either)?];
        while self.cursor.take(&[","]).is_some() {
            parts.push(self.nested(Self::either)?);
        }
        Ok(parts)
    }

    /// What stands between the brackets after `any`.
    fn any(&mut self, place: Range<usize>) -> Result<Node, SyntaxError> {
        if !(self.cursor.take_word("bounded") && self.cursor.take(&["("]).is_some()) {
            return Err(self.cursor.wrong(ANY));
        }
        let low = self.nested(Self::sum)?;
        if self.cursor.take(&[","]).is_none() {
            return Err(self.cursor.wrong("write bounded(low, high)"));
        }
        let ends = [low, self.nested(Self::sum)?];
        self.cursor.close(")")?;
        let mut conditions = Vec::new();
        while self.cursor.take(&[","]).is_some() {
            conditions.push(self.moment()?);
        }
        let place = place.start..self.cursor.close(")")?;
        Ok(Node { kind: Kind::Any(Box::new(AnyLaw { ends, conditions })), place })
    }

    /// `mean = m`, `mean <= m`, `mean >= m` or `variance <= v`.
    fn moment(&mut self) -> Result<Moment, SyntaxError> {
        let is_variance = self.cursor.take_word("variance");
        if !is_variance && !self.cursor.take_word("mean") {
            return Err(self.cursor.wrong(ANY));
        }
        let known: &[&'static str] = if is_variance { &["<="] } else { &["=", "==", "<=", ">="] };
        let Some(symbol) = self.cursor.take(known) else {
            let form = if is_variance { "write variance <= v" } else { "write mean = m, mean <= m or mean >= m" };
            return Err(self.cursor.wrong(form));
        };
        let operator = if symbol == "=" { Operator::Equal } else { Operator::comparison(symbol) };
        Ok(Moment { is_variance, operator, to: self.nested(Self::sum)? })
    }

    fn call(&mut self, name: &str, place: Range<usize>) -> Result<Node, SyntaxError> {
        if name == "any" {
            return self.any(place);
        }
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) else {
            let known: Vec<&str> = Function::ALL.iter().map(|function| function.name()).chain(["any"]).collect();
            let hint = match nearest_name(name, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None if name == "bounded" => format!("it stands in a family; {ANY}"),
                None => format!("known are {}", known.join(", ")),
            };
            let message = format!("{name} is no law or function; {hint}");
            return Err(SyntaxError::new(place, &message));
        };
        let parts = if function == Function::Rademacher && self.cursor.peek() == Some(&Token::Symbol(")")) {
            Vec::new()
        } else {
            self.parts()?
        };
        let place = place.start..self.cursor.close(")")?;
        if !function.takes(parts.len()) {
            let message = format!("write {}; here it has {} arguments", function.form(), parts.len());
            return Err(SyntaxError::new(place, &message));
        }
        Ok(Node { kind: Kind::Call(function, parts), place })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Node, SyntaxError>) -> Result<Node, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.cursor.wrong("the text is nested too deeply; name parts of it under draw"));
        }
        let node = inner(self)?;
        self.depth -= 1;
        Ok(node)
    }
}

fn binary(operator: Operator, left: Node, right: Node) -> Node {
    let place = left.place.start..right.place.end;
    Node { kind: Kind::Binary(operator, Box::new(left), Box::new(right)), place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_that_of_formulas() {
        for (text, same) in [
            ("a + b * c", "a + (b * c)"),
            ("-x^2", "-(x^2)"),
            ("a >= 1 and b < 2 or not c == 3", "((a >= 1) and (b < 2)) or (not (c == 3))"),
            ("0 < a <= 1", "0 < a and a <= 1"),
            ("2^3^2", "2^(3^2)"),
        ] {
            let shape = |text: &str| format!("{:?}", without_places(parse(text).unwrap()));
            assert_eq!(shape(text), shape(same), "{text}");
        }
    }

    fn without_places(node: Node) -> Node {
        let boxed = |node: Box<Node>| Box::new(without_places(*node));
        let kind = match node.kind {
            Kind::Binary(operator, left, right) => Kind::Binary(operator, boxed(left), boxed(right)),
            Kind::Negate(part) => Kind::Negate(boxed(part)),
            Kind::Not(part) => Kind::Not(boxed(part)),
            other => other,
        };
        Node { kind, place: 0..0 }
    }

    #[test]
    fn what_is_wrong_is_marked() {
        for (text, message, place) in [
            ("sum(X", "a ) is missing", 5..5),
            ("smu(X)", "did you mean sum?", 0..3),
            ("iid(n)", "write iid(n, law)", 0..6),
            ("X = 1", "write == to compare", 2..3),
            ("[1, 2", "a ] is missing", 5..5),
            ("", "ends too early", 0..0),
            ("any(normal(0, 1))", "write any(bounded(low, high), mean = m", 4..10),
            ("any(bounded(0, 1), variance = 1)", "write variance <= v", 28..29),
            ("any(bounded(0, 1), mena = 1)", "write any(bounded(low, high), mean = m", 19..23),
            ("iid(2, anny(bounded(0, 1)))", "did you mean any?", 7..11),
            ("bounded(0, 1)", "it stands in a family", 0..7),
        ] {
            let error = parse(text).unwrap_err();
            let shown = error.shown(text).to_string();
            assert!(shown.contains(message), "{text}: {shown}");
            assert_eq!(error, SyntaxError::new(place, shown.split('\n').next().unwrap()), "{text}");
        }
        let long = "1+".repeat(3000) + "1";
        assert!(parse(&long).is_err() && parse(&("(".repeat(500) + "1")).is_err());
    }
}
