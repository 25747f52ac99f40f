/** The address of a style sheet, which the build makes a file of its own. */
declare module '*.css?url' {
  const href: string;
  export default href;
}
