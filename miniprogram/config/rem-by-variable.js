// In mini-programs no root element has a type size of ours, so 1.5rem becomes calc(1.5 * var(--rem)); parts/Page.tsx sets --rem.
const REM = /(-?\d*\.?\d+)rem\b/g;

const plugin = () => ({
  postcssPlugin: "rem-by-variable",
  Once(root) {
    root.walkDecls((declared) => {
      if (declared.value.includes("rem")) {
        declared.value = declared.value.replace(REM, "calc($1 * var(--rem))");
      }
    });
  },
});
plugin.postcss = true;

module.exports = plugin;
