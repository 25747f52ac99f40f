/** Style sheets are imported for their effect alone; the build turns them into files of their own. */
declare module '*.css';
