/// <reference types="@tarojs/taro" />

declare module "*.css";
declare module "*.svg";

// Filled in when it is built.
declare const process: { env: { TARO_ENV: "h5" | "weapp" | "alipay" } };
declare const SERVER_URL: string; // where a mini-program asks; a page in a browser asks where it came from
