export default definePageConfig({
  navigationBarTitleText: "胶片",
  navigationBarBackgroundColor: "#0E1113",
  navigationBarTextStyle: "white",
  backgroundColor: "#0E1113",
});
