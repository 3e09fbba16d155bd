// What a site keeps of its customers: fields of its own, tables that come in, cards that are checked.

import { isUsableByAll } from "../axe.ts";
import { ADMIN, expect, Staff, test } from "../stage.ts";
import { makes } from "../sms.ts";

test("B-38: an administrator adds a field, and it is on the card and among the filters at once", async ({ browser, server }) => {
  const { page } = await Staff.signsIn(browser, server.url, ADMIN);
  await page.goto(`${server.url}/console/admin/settings`);
  const fields = page.getByRole("group", { name: "自定义字段" });
  await fields.getByRole("button", { name: /添加/ }).first().click();
  await fields.getByRole("textbox", { name: /名称.*中文/ }).first().fill("房号");
  await fields.getByRole("textbox", { name: /名称.*英文/ }).first().fill("Room");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await expect(page.getByText("已保存")).toBeVisible();

  await page.goto(`${server.url}/console/customers/new`);
  await page.getByRole("textbox", { name: "姓名", exact: true }).fill("孙小梅");
  await page.getByRole("textbox", { name: "房号" }).fill("12-501");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page).toHaveURL(/\/customers\/\d+/);
  for (const letters of ["12-501", "sxm", "小梅"]) {
    await page.getByPlaceholder("姓名、拼音、电话、邮箱").fill(letters);
    await expect(page.getByRole("link", { name: /孙小梅/ }), letters).toBeVisible();
  }
});

test("B-36, B-39: a table is tried, brought in, and its wrong line comes back; a wrong number is marked and put right", async ({ browser, server }) => {
  const staff = await Staff.signsIn(browser, server.url, ADMIN);
  const { page } = staff;
  await makes(staff, "/customers", { name: "钱多多", phone: "13712340001" });
  await page.goto(`${server.url}/console/customers`);
  await page.getByRole("button", { name: "导入客户" }).click();
  const dialog = page.getByRole("dialog", { name: "导入客户" });
  const table = "姓名,手机号,备注\n钱多多,13712340001,老客户\n吴新客,13712340002,\n坏电话,没有,\n";
  await dialog.getByLabel("选择文件").first().setInputFiles({ name: "客户.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await expect(dialog.getByText("客户.csv，共3行。")).toBeVisible();
  await dialog.getByRole("button", { name: "先试一遍" }).click();
  await expect(dialog.getByText("试导结果：将新建1位，更新1位，跳过0行，有误1行。")).toBeVisible();
  await dialog.getByRole("button", { name: "开始导入" }).click();
  await expect(dialog.getByText("新建1位，更新1位，跳过0行，有误1行。", { exact: true })).toBeVisible();
  const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "下载有误的行和原因" }).click()]);
  expect(file.suggestedFilename()).toBe("rejected.csv");
  await dialog.getByRole("button", { name: "完成" }).click();

  await page.getByPlaceholder("姓名、拼音、电话、邮箱").fill("吴新客");
  await page.getByRole("link", { name: /吴新客/ }).click();
  await page.getByRole("button", { name: "标记有误" }).click();
  await page.getByRole("menuitem", { name: "电话" }).click();
  await expect(page.getByText("电话有误，请向客户核实后改正。")).toBeVisible();
  await page.getByRole("textbox", { name: "电话", exact: true }).fill("13712340009");
  await page.getByRole("button", { name: "保存" }).click();
  await expect(page.getByText(/最近核对：/)).toBeVisible();
  await expect(page.getByText("移动", { exact: false }).last()).toBeVisible();

  // B-38: what they agree to stands on the card, with what shows it.
  const consents = page.locator("section.box", { hasText: "同意与退订" });
  await consents.getByRole("button", { name: "登记", exact: true }).click();
  await consents.getByRole("textbox", { name: /凭据/ }).fill("录音A-17");
  await consents.locator("form").getByRole("button", { name: "登记", exact: true }).click();
  await expect(consents.getByText("同意营销推广")).toBeVisible();
  await isUsableByAll(page.mainFrame(), "the card");

  // B-36: two who look like one person are told apart, and a whole table is taken back.
  await makes(staff, "/customers", { name: "吴新克", phone: "13712340009" });
  await page.goto(`${server.url}/console/customers?view=duplicates`);
  await page.getByRole("button", { name: "开始查重" }).click();
  await page.getByRole("button", { name: /吴新客 · 吴新克|吴新克 · 吴新客/ }).click();
  await expect(page.getByText("电话相同")).toBeVisible();
  await isUsableByAll(page.mainFrame(), "two who look alike");
  await page.getByRole("button", { name: "不是同一人", exact: true }).last().click();
  await expect(page.getByText("已记下：不是同一人")).toBeVisible();
  await page.goto(`${server.url}/console/customers`);
  await page.getByRole("button", { name: "导入客户" }).click();
  await dialog.getByRole("button", { name: "撤销导入" }).click();
  await page.getByRole("dialog").last().getByRole("button", { name: "撤销导入" }).click();
  // Who was changed since stays, and so does nobody else.
  await expect(dialog.getByText(/删除0位，恢复1位，保留1位/)).toBeVisible();
});
