/** How an archive is unpacked on the machine that builds (K103). */

/**
 * @param file a shell word
 * @param folder a shell word in double quotes; beside it comes a list of the folders that the archive names, which alone take its modes
 */
export function unpackLines(file: string, folder: string): readonly string[] {
  const named = folder.replace(/"$/, '.folders"')
  return [
    `mkdir -p ${folder}`,
    `tar -C ${folder} --numeric-owner -xpf ${file}`,
    `tar --quoting-style=literal -tf ${file} | sed -n -e 's,^\\(\\.*/\\)*,,' -e 's,/*/$,,p' > ${named}`,
  ]
}
