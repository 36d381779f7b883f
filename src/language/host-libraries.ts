/**
 * Libraries that the machine brings when the image runs, so that no image holds them: those of a driver, which
 * `--nv` and `--rocm` bind (Apptainer's nvliblist.conf and rocmliblist.conf), and an MPI that is bound in.
 */
import {namePattern} from '../model/paths.js'

/** The driver's own; libraries of the vendor-neutral kind (`libGL.so`) come along with them. */
const NVIDIA =
  /^(libcuda|libcudadebugger|libnvidia-[\w-]+|libnvcuvid|libnvoptix|libnv(rm|sci|media|cu)\w*|libEGL_nvidia|libGLX_nvidia|libGLESv[12]_(CM_)?nvidia|libvdpau_nvidia)\.so/
const NEUTRAL = /^lib(EGL|GL|GLX|GLdispatch|GLESv1_CM|GLESv2|OpenGL|OpenCL)\.so/
const ROCM = /^(libhsa-amd-aqlprofile64|libamdocl64|libdrm_amdgpu|libcltrace|librocr_debug_agent64)\.so/
const MPI =
  /^lib(mpi|mpicxx|mpifort|mpi_cxx|mpi_mpifh|mpi_usempi\w*|mpich\w*|fmpich|open-(rte|pal)|pmix|pmi2?|mpigc\w*|mpl|opa)\.so/

/**
 * Why the machine brings a library.
 * @param named patterns of `runtime-libraries:`
 */
export function hostLibrary(
  name: string,
  named: readonly string[],
): {readonly why: string; readonly certain: boolean} | undefined {
  const pattern = named.find(each => namePattern(each).test(name))
  if (pattern !== undefined) return {why: `\`runtime-libraries\` names ${pattern}`, certain: true}
  if (NVIDIA.test(name)) return {why: "it belongs to NVIDIA's driver, which --nv binds", certain: true}
  if (ROCM.test(name)) return {why: "it belongs to AMD's driver, which --rocm binds", certain: true}
  if (NEUTRAL.test(name)) return {why: '--nv or --rocm may bind it', certain: false}
  if (MPI.test(name)) return {why: 'it belongs to an MPI, which a cluster may bind', certain: false}
  return undefined
}
