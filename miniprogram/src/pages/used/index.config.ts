export default definePageConfig({ navigationBarTitleText: "链接已过期" });
