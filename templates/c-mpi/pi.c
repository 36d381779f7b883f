/* The area below 4 / (1 + x * x) from 0 to 1 is pi: every process adds up a part of it. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int rank, size;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  long steps = argc > 1 ? atol(argv[1]) : 1000000;
  if (steps < 1) {
    if (rank == 0) fprintf(stderr, "usage: pi [STEPS]\n");
    MPI_Finalize();
    return 2;
  }

  double width = 1.0 / (double)steps, part = 0.0, pi = 0.0;
  for (long i = rank; i < steps; i += size) {
    double x = ((double)i + 0.5) * width;
    part += 4.0 / (1.0 + x * x);
  }
  MPI_Reduce(&part, &pi, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("pi is %.6f, by %d process%s\n", pi * width, size, size == 1 ? "" : "es");
  MPI_Finalize();
  return 0;
}
