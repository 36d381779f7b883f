use std::env;
use std::process::exit;

fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.is_empty() {
        eprintln!("usage: reverse TEXT...");
        exit(2);
    }
    println!("{}", reverse(&words.join(" ")));
}

#[cfg(test)]
mod tests {
    #[test]
    fn reverses() {
        assert_eq!(super::reverse("abc"), "cba");
    }
}
