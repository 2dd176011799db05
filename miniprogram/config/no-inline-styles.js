// In place of @tarojs/router's style.js: what it would write into the page stands in src/style/router.css.
export const addStyle = () => {};
export const loadAnimateStyle = () => {};
export const loadNavigationBarStyle = () => {};
export const loadRouterStyle = () => {};
