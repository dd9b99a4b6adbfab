//! VARBYTE and digests.

use rusqlite::types::Value;
use rusqlite::{Connection, Result};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{add_strict, bytes_of, fail, integer_of, md5, text_of};

pub(super) fn install(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_from_varbyte", 2, |context| {
        let bytes = bytes_of(context, 0);
        match format_of(&text_of(context, 1)?)? {
            Format::Utf8 => match String::from_utf8(bytes) {
                Ok(text) => Ok(Value::Text(text)),
                Err(_) => fail("String contains invalid or unsupported UTF8 codepoints."),
            },
            Format::Hex => Ok(Value::Text(hex::encode(bytes))),
            Format::Binary => Ok(Value::Text(
                bytes.iter().map(|byte| format!("{byte:08b}")).collect(),
            )),
        }
    })?;
    add_strict(connection, "rs_to_varbyte", 2, |context| {
        let text = text_of(context, 0)?;
        match format_of(&text_of(context, 1)?)? {
            Format::Utf8 => Ok(Value::Blob(text.into_bytes())),
            Format::Hex => from_hex(&text),
            Format::Binary => fail("TO_VARBYTE from binary digits is not modelled by the simulator"),
        }
    })?;
    add_strict(connection, "rs_to_hex", 1, |context| {
        Ok(Value::Text(hex::encode(bytes_of(context, 0))))
    })?;
    add_strict(connection, "rs_from_hex", 1, |context| {
        from_hex(&text_of(context, 0)?)
    })?;
    add_strict(connection, "rs_join", 2, |context| {
        Ok(Value::Blob([bytes_of(context, 0), bytes_of(context, 1)].concat()))
    })?;
    add_strict(connection, "rs_md5", 1, |context| {
        Ok(Value::Text(hex::encode(md5::digest(&bytes_of(context, 0)))))
    })?;
    add_strict(connection, "rs_sha2", 2, |context| {
        let bytes = bytes_of(context, 0);
        let digest = match integer_of(context, 1)? {
            0 | 256 => hex::encode(Sha256::digest(bytes)),
            224 => hex::encode(Sha224::digest(bytes)),
            384 => hex::encode(Sha384::digest(bytes)),
            512 => hex::encode(Sha512::digest(bytes)),
            _ => return Ok(Value::Null),
        };
        Ok(Value::Text(digest))
    })
}

enum Format {
    Utf8,
    Hex,
    Binary,
}

fn format_of(name: &str) -> Result<Format> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(Format::Utf8),
        "hex" => Ok(Format::Hex),
        "binary" | "bin" => Ok(Format::Binary),
        other => fail(format!(
            "unknown format \"{other}\", expected utf-8, hex or binary"
        )),
    }
}

fn from_hex(text: &str) -> Result<Value> {
    match hex::decode(text) {
        Ok(bytes) => Ok(Value::Blob(bytes)),
        Err(_) => fail("invalid hexadecimal digit"),
    }
}
