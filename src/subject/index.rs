//! The index of the paper: every numbered statement and equation, and what judges it.

use serde::{Deserialize, Serialize};

use super::Subject;

/// How far the program goes with a place of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A claim, or a link of a claim's proof, judges it.
    Judged,
    /// It only defines something.
    Definition,
    /// Neither.
    NotJudged,
}

impl Status {
    /// The status in words.
    pub fn text(self) -> &'static str {
        match self {
            Status::Judged => "judged",
            Status::Definition => "definition",
            Status::NotJudged => "not judged",
        }
    }
}

/// A place of the paper.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its number, such as `Lemma 7` or `Eq. 13`; of lines without one, where they stand.
    pub place: String,
    /// What judges it: claims, and links as `claim/link`.
    #[serde(default)]
    pub by: Vec<String>,
    /// What it defines.
    pub defines: Option<String>,
    /// Why it is not judged.
    pub because: Option<String>,
}

impl Item {
    /// How far the program goes with it.
    pub fn status(&self) -> Status {
        match (self.by.is_empty(), &self.defines) {
            (false, _) => Status::Judged,
            (true, Some(_)) => Status::Definition,
            (true, None) => Status::NotJudged,
        }
    }

    /// What stands beside it in the table.
    fn note(&self) -> String {
        let judges: Vec<String> = self.by.iter().map(|judge| format!("`{judge}`")).collect();
        match self.status() {
            Status::Judged => judges.join(", "),
            Status::Definition => self.defines.clone().unwrap_or_default(),
            Status::NotJudged => format!("because: {}", self.because.as_deref().unwrap_or_default()),
        }
    }
}

/// The whole index.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// What has a number, statements before equations, and these before footnotes.
    #[serde(rename = "item")]
    pub numbered: Vec<Item>,
    /// Lines of proofs without a number, and what is measured beside the paper.
    #[serde(rename = "line")]
    pub lines: Vec<Item>,
}

impl Subject {
    /// The index of the paper.
    pub fn index(&self) -> Index {
        toml::from_str(self.index).expect("the index is part of the program and tested")
    }
}

impl Index {
    /// How many numbered items have this status.
    pub fn count(&self, status: Status) -> usize {
        self.numbered.iter().filter(|item| item.status() == status).count()
    }

    /// The index as a table in Markdown, with its counts.
    pub fn markdown(&self, subject: &Subject) -> String {
        let [judged, definitions, not_judged] =
            [Status::Judged, Status::Definition, Status::NotJudged].map(|status| self.count(status));
        let table = |items: &[Item]| -> String {
            let row = |item: &Item| format!("| {} | {} | {} |\n", item.place, item.status().text(), item.note());
            format!("| place | status | by |\n| --- | --- | --- |\n{}", items.iter().map(row).collect::<String>())
        };
        format!(
            "{} Of {} numbered statements, equations and footnotes {judged} are judged, {definitions} are definitions, and \
             {not_judged} are not judged. A judge is a claim, or a link of a claim's proof as `claim/link`, which `lemmascope trace` \
             evaluates.\n\n{}\nLines of proofs without a number:\n\n{}",
            subject.text,
            self.numbered.len(),
            table(&self.numbered),
            table(&self.lines)
        )
    }

    /// The index as JSON.
    pub fn json(&self, subject: &Subject) -> serde_json::Value {
        let item = |item: &Item| {
            serde_json::json!({
                "place": item.place,
                "status": item.status(),
                "by": item.by,
                "note": item.defines.as_ref().or(item.because.as_ref()),
            })
        };
        let items = |items: &[Item]| items.iter().map(item).collect::<Vec<_>>();
        serde_json::json!({
            "text": subject.text,
            "judged": self.count(Status::Judged),
            "definitions": self.count(Status::Definition),
            "not_judged": self.count(Status::NotJudged),
            "numbered": items(&self.numbered),
            "lines": items(&self.lines),
        })
    }
}
