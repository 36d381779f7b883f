module example.org/factorial

go 1.19
