export default defineAppConfig({
  pages: [
    "pages/exams/index",
    "pages/login/index",
    "pages/exam/index",
    "pages/film/index",
    "pages/images/index",
    "pages/used/index",
  ],
  window: {
    navigationBarTitleText: "云胶片",
    navigationBarBackgroundColor: "#F4F7F7",
    navigationBarTextStyle: "black",
    backgroundColor: "#F4F7F7",
    backgroundTextStyle: "dark",
  },
  animation: false,
  lazyCodeLoading: "requiredComponents",
  __usePrivacyCheck__: true,
} as Parameters<typeof defineAppConfig>[0]);
