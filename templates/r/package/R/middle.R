middle <- function(numbers) .Call(middle_mean, as.double(numbers))
