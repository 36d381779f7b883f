#include <R.h>
#include <Rinternals.h>

SEXP middle_mean(SEXP numbers) {
  R_xlen_t n = XLENGTH(numbers);
  double sum = 0.0;
  for (R_xlen_t i = 0; i < n; i++) sum += REAL(numbers)[i];
  return ScalarReal(n == 0 ? NA_REAL : sum / (double)n);
}
