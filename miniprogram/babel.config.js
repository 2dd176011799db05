// Browsers and mini-program engines of the last eight years know what we use: no polyfill is brought along.
module.exports = {
  presets: [["taro", { framework: "react", ts: true, compiler: "webpack5", useBuiltIns: false, hot: false }]],
};
