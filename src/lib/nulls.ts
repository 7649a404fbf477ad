// What stands for NULL in a typed array that crosses a worker, where NaN can't; in one of places, −1 does.

export const nullInt = -2147483648;
export const nullTime = -(2n ** 63n);
