numbers <- suppressWarnings(as.numeric(commandArgs(trailingOnly = TRUE)))
if (length(numbers) == 0 || anyNA(numbers)) stop("usage: main.R NUMBER...", call. = FALSE)
cat("middle", middle::middle(numbers), "\n")
