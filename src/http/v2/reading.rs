//! How what a request gives by name becomes a type, and how it is said what of it is wrong.
//!
//! serde's own errors are in the words of Rust. Here each says what its member or parameter is to
//! be, so that `NAME is …` is a sentence.

use std::fmt;

use serde::de::value::{self, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};
use serde_json::{Map, Value};

use crate::domain::text::did_you_mean;

/// The members of a JSON object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// Of several with one name the last.
    pub(super) values: Map<String, Value>,
    /// The names that are there more than once, however they are escaped.
    pub(super) repeated: Vec<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some((name, value)) = given.next_entry::<String, Value>()? {
            if members.values.contains_key(&name) && !members.repeated.contains(&name) {
                members.repeated.push(name.clone());
            }
            members.values.insert(name, value);
        }
        Ok(members)
    }
}

/// What is wrong with something that was given: what it is to be.
#[derive(Debug)]
struct Wrong(String);

impl Wrong {
    fn kind(right: &str, given: &Value) -> Wrong {
        let kind = match given {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Wrong(format!("{right}, not {kind}"))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl Error for Wrong {
    fn custom<T: fmt::Display>(right: T) -> Wrong {
        Wrong(right.to_string())
    }
}

/// A value that was given.
struct Given(Value);

impl IntoDeserializer<'_, Wrong> for Given {
    type Deserializer = Given;

    fn into_deserializer(self) -> Given {
        self
    }
}

impl<'de> Deserializer<'de> for Given {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.0.deserialize_any(visitor).map_err(Wrong::custom)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Bool(flag) => visitor.visit_bool(flag),
            other => Err(Wrong::kind("true or false", &other)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            other => Err(Wrong::kind("a text", &other)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Array(rows) => {
                visitor.visit_seq(SeqDeserializer::new(rows.into_iter().map(Given)))
            }
            other => Err(Wrong::kind("a list", &other)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let right = format!("one of {}", variants.join(", "));
        match self.0 {
            Value::String(text) if variants.contains(&text.as_str()) => {
                visitor.visit_enum(text.into_deserializer())
            }
            Value::String(text) => {
                let names: Vec<String> = variants.iter().map(|name| (*name).to_owned()).collect();
                let hint = did_you_mean(&names, &text);
                Err(Wrong(if hint.is_empty() {
                    right
                } else {
                    format!("{right}; {}", hint.trim())
                }))
            }
            other => Err(Wrong::kind(&right, &other)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// Reads a type from what was given by name. The error names what is wrong, and says what would be
/// right.
pub(super) fn read<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T, (String, String)> {
    let given = given.into_iter().map(|(name, value)| (name, Given(value)));
    let members = MapDeserializer::<_, Wrong>::new(given);
    serde_path_to_error::deserialize(members).map_err(|error| {
        let name = error.path().iter().next().map(ToString::to_string).unwrap_or_default();
        let detail = format!("{} is {}", error.path(), error.inner());
        (name, detail)
    })
}

/// The names of a struct's fields, as serde knows them.
pub(super) fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It fails once it has said its fields.
    let _ = T::deserialize(Fields(&mut names));
    names
}

/// Takes the names of the fields from a type that asks for a struct.
struct Fields<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, value::Error> {
        Err(value::Error::custom("only a struct has fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Light {
        On,
        Off,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged, expecting = "a number or a text")]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    enum Either {
        Number(i64),
        Text(String),
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    struct Lamp {
        name: Option<String>,
        light: Option<Light>,
        is_new: Option<bool>,
        tags: Option<Vec<String>>,
        socket: Option<Either>,
    }

    #[test]
    fn the_names_are_those_of_the_type() {
        assert_eq!(field_names::<Lamp>(), ["name", "light", "is_new", "tags", "socket"]);
    }

    #[test]
    fn it_is_said_in_plain_words_what_would_be_right() {
        for (name, value, detail) in [
            ("name", json!(5), "name is a text, not a number"),
            ("name", json!({}), "name is a text, not an object"),
            ("is_new", json!("yes"), "is_new is true or false, not a text"),
            ("light", json!("Off"), "light is one of on, off; did you mean off?"),
            ("light", json!("x"), "light is one of on, off"),
            ("light", json!(true), "light is one of on, off, not true or false"),
            ("tags", json!("a"), "tags is a list, not a text"),
            ("tags", json!(["a", null]), "tags[1] is a text, not null"),
            ("socket", json!([1]), "socket is a number or a text"),
        ] {
            let given = Map::from_iter([(name.to_owned(), value)]);
            let expected = (name.to_owned(), detail.to_owned());
            assert_eq!(read::<Lamp>(given).unwrap_err(), expected);
        }
        let right = json!({ "light": "on", "is_new": true, "tags": [], "socket": 1 });
        assert!(read::<Lamp>(right.as_object().unwrap().clone()).is_ok());
    }

    #[test]
    fn a_member_that_is_there_twice_is_found() {
        for (text, repeated) in [
            (r#"{"a":1,"b":2}"#, &[][..]),
            (r#"{"a":1,"b":2,"a":1}"#, &["a"]),
            (r#"{"a":1,"\u0061":null,"a":2}"#, &["a"]),
            (r#"{"b":1,"a":1,"a":1,"\u0062":1}"#, &["a", "b"]),
        ] {
            assert_eq!(serde_json::from_str::<Members>(text).unwrap().repeated, repeated, "{text}");
        }
        assert!(serde_json::from_str::<Members>("[]").unwrap_err().is_data());
    }
}
