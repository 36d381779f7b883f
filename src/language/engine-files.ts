/** What Apptainer adds to the root of every image (D110): none of it is the image's own. */
export const engineFiles: readonly string[] = ['.singularity.d', '.exec', '.run', '.shell', '.test', 'environment', 'singularity']
