// In place of what Taro would bring to a browser and we do not use: styles written into the page, which its own policy forbids
// (they stand in src/style/router.css), and a web component for pulling a list down with the styles of all others.
const nothing = () => {};

export const addStyle = nothing;
export const loadAnimateStyle = nothing;
export const loadNavigationBarStyle = nothing;
export const loadRouterStyle = nothing;
export const defineCustomElementTaroPullToRefreshCore = nothing;
