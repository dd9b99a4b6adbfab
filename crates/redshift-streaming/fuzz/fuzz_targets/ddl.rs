//! Any text is read or refused without a panic; what was read is rendered and read
//! back as the same tree; what the bytes choose as a statement is read back, too.
#![no_main]

#[path = "../../tests/round_trip/generate.rs"]
mod generate;
#[path = "../../tests/round_trip/lexer.rs"]
mod lexer;

use libfuzzer_sys::fuzz_target;
use redshift_streaming::ddl::read;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(statement) = read(text)
    {
        let sql = statement.to_string();
        assert_eq!(read(&sql).ok().as_ref(), Some(&statement), "{text}\n{sql}");
        assert_eq!(lexer::statements(&lexer::shape(&sql)).len(), 1, "{sql}");
    }
    if let Some(statement) = generate::Choices::of_bytes(data).statement() {
        let sql = statement.to_string();
        assert_eq!(read(&sql).ok().as_ref(), Some(&statement), "{sql}");
        assert_eq!(lexer::statements(&lexer::shape(&sql)).len(), 1, "{sql}");
    }
});
