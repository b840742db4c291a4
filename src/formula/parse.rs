//! From tokens to a program for a stack, by precedence climbing: comparisons, then + -, then * /, then a sign, then ^ (from
//! the right). Every rule appends its program and returns its place in the text.

use std::ops::Range;

use super::token::{Cursor, Token};
use super::{Function, Instruction, Operation, Operator, Program, SyntaxError};

/// The program of a formula.
pub fn formula(text: &str) -> Result<Program, SyntaxError> {
    let mut parser = Parser::new(text)?;
    let program = parser.whole_sum()?;
    parser.cursor.end("a formula ends before this; an operator such as * is missing")?;
    Ok(program)
}

/// A comparison of two formulas.
pub type Comparison = (Program, &'static str, Program);

/// Comparisons joined by `and` (or `&&`), and such lists joined by `or`, which binds less; `1 <= j <= k` compares neighbours.
pub fn condition(text: &str) -> Result<Vec<Vec<Comparison>>, SyntaxError> {
    let mut parser = Parser::new(text)?;
    let (mut alternatives, mut comparisons) = (Vec::new(), Vec::new());
    loop {
        let mut left = parser.whole_sum()?;
        let mut found = false;
        while let Some(operator) = parser.cursor.take(&[">=", "<=", "==", "!=", ">", "<"]) {
            let right = parser.whole_sum()?;
            comparisons.push((left, operator, right.clone()));
            left = right;
            found = true;
        }
        if !found {
            return Err(parser.cursor.wrong("a comparison is missing here; write one of >= <= > < == !="));
        }
        if parser.cursor.take_and() {
            continue;
        }
        alternatives.push(std::mem::take(&mut comparisons));
        if !parser.cursor.take_word("or") {
            break;
        }
    }
    parser.cursor.end("the condition ends before this; join comparisons with and, or with or")?;
    Ok(alternatives)
}

struct Parser {
    cursor: Cursor,
    depth: usize,
    program: Program,
}

/// Deeper formulas are refused, before the stack is.
const DEEPEST: usize = 200;

impl Parser {
    fn new(text: &str) -> Result<Self, SyntaxError> {
        Ok(Parser { cursor: Cursor::new(text)?, depth: 0, program: Vec::new() })
    }

    fn push(&mut self, operation: Operation, place: Range<usize>) -> Range<usize> {
        self.program.push(Instruction { operation, place: place.clone() });
        place
    }

    fn binary(&mut self, operator: Operator, left: &Range<usize>, right: Range<usize>) -> Range<usize> {
        self.push(Operation::Binary(operator), left.start..right.end)
    }

    fn whole_sum(&mut self) -> Result<Program, SyntaxError> {
        self.sum()?;
        Ok(std::mem::take(&mut self.program))
    }

    fn sum(&mut self) -> Result<Range<usize>, SyntaxError> {
        let mut left = self.product()?;
        while let Some(symbol) = self.cursor.take(&["+", "-"]) {
            let operator = if symbol == "+" { Operator::Add } else { Operator::Subtract };
            let right = self.product()?;
            left = self.binary(operator, &left, right);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Range<usize>, SyntaxError> {
        let mut left = self.signed()?;
        while let Some(symbol) = self.cursor.take(&["*", "/"]) {
            let operator = if symbol == "*" { Operator::Multiply } else { Operator::Divide };
            let right = self.signed()?;
            left = self.binary(operator, &left, right);
        }
        Ok(left)
    }

    /// -x^2 is -(x^2).
    fn signed(&mut self) -> Result<Range<usize>, SyntaxError> {
        let start = self.cursor.place().start;
        match self.cursor.take(&["-", "+"]) {
            Some("-") => {
                let inner = self.nested(Self::signed)?;
                Ok(self.push(Operation::Negate, start..inner.end))
            }
            Some(_) => self.nested(Self::signed),
            None => self.power(),
        }
    }

    /// x^y^z is x^(y^z), and x^-2 has its sign.
    fn power(&mut self) -> Result<Range<usize>, SyntaxError> {
        let base = self.primary()?;
        if self.cursor.take(&["^"]).is_none() {
            return Ok(base);
        }
        let exponent = self.nested(Self::signed)?;
        Ok(self.binary(Operator::Power, &base, exponent))
    }

    fn primary(&mut self) -> Result<Range<usize>, SyntaxError> {
        let place = self.cursor.place();
        match self.cursor.peek().cloned() {
            Some(Token::Number(value)) => {
                self.cursor.advance();
                Ok(self.push(Operation::Number(value), place))
            }
            Some(Token::Name(name)) => {
                self.cursor.advance();
                if self.cursor.peek() == Some(&Token::Symbol("(")) {
                    self.call(&name, place)
                } else {
                    Ok(self.push(Operation::Name(name), place))
                }
            }
            Some(Token::Symbol("(")) => {
                self.cursor.advance();
                self.nested(Self::sum)?;
                let place = place.start..self.cursor.close(")")?;
                if let Some(last) = self.program.last_mut() {
                    last.place = place.clone();
                }
                Ok(place)
            }
            Some(_) => Err(self.cursor.wrong("a number, a name or ( is missing before this")),
            None => Err(self.cursor.wrong("the formula ends too early; a number, a name or ( is missing")),
        }
    }

    fn call(&mut self, name: &str, place: Range<usize>) -> Result<Range<usize>, SyntaxError> {
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) else {
            let known = Function::ALL.map(Function::name).join(", ");
            let hint = if name == "log" { "write ln" } else { "a product needs its *" };
            return Err(SyntaxError::new(
                place,
                &format!("{name} is not a function; {hint}; the functions are {known}"),
            ));
        };
        self.cursor.advance();
        let mut arguments = 1;
        self.nested(Self::sum)?;
        while self.cursor.take(&[","]).is_some() {
            self.nested(Self::sum)?;
            arguments += 1;
        }
        let place = place.start..self.cursor.close(")")?;
        if !function.takes(arguments) {
            let wanted = function.wanted();
            return Err(SyntaxError::new(place, &format!("{name} takes {wanted}, not {arguments}")));
        }
        Ok(self.push(Operation::Call(function, arguments), place))
    }

    fn nested(
        &mut self,
        inner: fn(&mut Self) -> Result<Range<usize>, SyntaxError>,
    ) -> Result<Range<usize>, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.cursor.wrong("the formula is nested too deeply"));
        }
        let place = inner(self)?;
        self.depth -= 1;
        Ok(place)
    }
}
