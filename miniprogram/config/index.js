// How the three targets are built. `TARGET_FOLDER` says where to; `PHONE_SERVER_URL` is built into the mini-programs.
const fs = require("fs");
const path = require("path");

const target = process.env.TARO_ENV;
const mini = target !== "h5";
const pages = fs.readdirSync(path.resolve(__dirname, "../src/pages")); // src/pages/exam is /#/exam in a browser

module.exports = {
  projectName: "cloudfilm",
  date: "2026-11-21",
  designWidth: 390,
  deviceRatio: { 390: 1 },
  sourceRoot: "src",
  outputRoot: process.env.TARGET_FOLDER || `dist/${target}`,
  plugins: mini ? ["@tarojs/plugin-html"] : [],
  defineConstants: {
    SERVER_URL: JSON.stringify(process.env.PHONE_SERVER_URL || "http://127.0.0.1:8000"),
  },
  framework: "react",
  compiler: { type: "webpack5", prebundle: { enable: false } },
  cache: { enable: false },
  logger: { quiet: true, stats: false },
  mini: {
    postcss: {
      pxtransform: { enable: false },
      [path.resolve(__dirname, "rem-by-variable.js")]: { enable: true, config: {} },
      cssModules: { enable: false },
    },
    miniCssExtractPluginOption: { ignoreOrder: true },
  },
  h5: {
    publicPath: "/phone/",
    staticDirectory: "static",
    router: {
      mode: "hash",
      customRoutes: Object.fromEntries(pages.map((name) => [`/pages/${name}/index`, `/${name}`])),
    },
    output: {
      filename: "js/[name].[contenthash:16].js",
      chunkFilename: "js/[name].[contenthash:16].js",
    },
    miniCssExtractPluginOption: {
      ignoreOrder: true,
      filename: "css/[name].[contenthash:16].css",
      chunkFilename: "css/[name].[contenthash:16].css",
    },
    postcss: {
      autoprefixer: { enable: true, config: {} },
      pxtransform: { enable: false },
      cssModules: { enable: false },
    },
    htmlPluginOption: { minify: { collapseWhitespace: true, removeComments: true } },
    webpackChain(chain) {
      chain.performance.hints(false);
      // What more than one page uses is one file, fetched once.
      chain.optimization.splitChunks({
        ...chain.optimization.get("splitChunks"),
        cacheGroups: {
          ...(chain.optimization.get("splitChunks") || {}).cacheGroups,
          shared: { name: "shared", chunks: "async", minChunks: 2, enforce: true, priority: 30 },
        },
      });
      chain
        .plugin("left-out")
        .use(require("webpack").NormalModuleReplacementPlugin, [
          /^(\.\.?\/style\.js|@tarojs\/components\/(global\.css|dist\/(components|taro-components\/taro-components\.css)))$/,
          (asked) => {
            if (asked.request.startsWith("@") || /@tarojs[\\/]router[\\/]dist/.test(asked.context)) {
              asked.request = path.resolve(__dirname, "nothing.js");
            }
          },
        ]);
    },
  },
};
