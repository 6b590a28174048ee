//! What a call uses of its providers, and what that costs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{Cost, ProviderUsage, UsageRole};

use super::call::Call;
use crate::speech::{
    AtWork, Feed, LanguageModel, ModelRequest, Parts, ReplyPart, SpeechPart, TextToSpeech, Usage,
};

/// Providers that are told apart in one call. What others do counts for the last one.
const MOST_PROVIDERS: usize = 64;

/// Parts of an amount: a billionth of the currency.
const NANOS: f64 = 1e9;

/// Highest price, in the currency.
#[cfg(feature = "config")]
pub(crate) const HIGHEST: f64 = 1e6;

/// What a provider costs. Amounts are rounded to a billionth of the currency.
///
/// ```
/// use voxtra_rt::session::Price;
///
/// let small_model = Price::in_currency("USD")
///     .per_million_input_tokens(0.15)
///     .per_million_output_tokens(0.6);
/// let voice = Price::in_currency("USD").per_million_characters(15.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    currency: String,
    input_tokens: u64,
    cached_tokens: Option<u64>,
    output_tokens: u64,
    heard: u64,
    spoken: u64,
    characters: u64,
}

impl Price {
    /// Nothing yet, in this currency, such as `USD`.
    #[must_use]
    pub fn in_currency(currency: impl Into<String>) -> Self {
        Self {
            currency: currency.into(),
            input_tokens: 0,
            cached_tokens: None,
            output_tokens: 0,
            heard: 0,
            spoken: 0,
            characters: 0,
        }
    }

    /// For a million tokens of requests.
    #[must_use]
    pub fn per_million_input_tokens(mut self, amount: f64) -> Self {
        self.input_tokens = nanos(amount);
        self
    }

    /// For a million tokens of requests that were in the provider's cache. Default: as others.
    #[must_use]
    pub fn per_million_cached_tokens(mut self, amount: f64) -> Self {
        self.cached_tokens = Some(nanos(amount));
        self
    }

    /// For a million tokens of replies.
    #[must_use]
    pub fn per_million_output_tokens(mut self, amount: f64) -> Self {
        self.output_tokens = nanos(amount);
        self
    }

    /// For a minute of the caller's speech that it is given.
    #[must_use]
    pub fn per_minute_heard(mut self, amount: f64) -> Self {
        self.heard = nanos(amount);
        self
    }

    /// For a minute of audio that it makes.
    #[must_use]
    pub fn per_minute_spoken(mut self, amount: f64) -> Self {
        self.spoken = nanos(amount);
        self
    }

    /// For a million characters that it is given to speak.
    #[must_use]
    pub fn per_million_characters(mut self, amount: f64) -> Self {
        self.characters = nanos(amount);
        self
    }

    /// What this costs, in millionths of the currency, rounded once. Whole numbers all the way, so
    /// that sums of many calls are exact.
    fn of(&self, used: &ProviderUsage) -> u64 {
        let times = |count: u64, nanos: u64| u128::from(count).saturating_mul(u128::from(nanos));
        let cached = used.cached_tokens.min(used.input_tokens);
        let fresh = used.input_tokens.saturating_sub(cached);
        let per_million = [
            times(fresh, self.input_tokens),
            times(cached, self.cached_tokens.unwrap_or(self.input_tokens)),
            times(used.output_tokens, self.output_tokens),
            times(used.characters, self.characters),
        ];
        let per_minute = [
            times(used.heard_ms, self.heard),
            times(used.spoken_ms, self.spoken),
        ];
        let sum = |all: &[u128]| all.iter().copied().fold(0, u128::saturating_add);
        // Over the common denominator of a million and of a minute's 60,000 ms.
        let whole = sum(&per_million)
            .saturating_mul(60_000)
            .saturating_add(sum(&per_minute).saturating_mul(1_000_000));
        let micros = whole.saturating_add(ONE_MICRO / 2) / ONE_MICRO;
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}

/// A millionth of the currency: 1,000 billionths, over the denominator above.
const ONE_MICRO: u128 = 1_000 * 60_000 * 1_000_000;

/// Billionths of the currency. What is no amount is none.
fn nanos(amount: f64) -> u64 {
    // Saturates.
    (amount * NANOS).round() as u64
}

/// The prices of an application's providers, by their names.
pub(crate) type Prices = BTreeMap<String, Price>;

/// What a call has used so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    provider: Arc<str>,
    usage: ProviderUsage,
    /// Exact, where the milliseconds of many short pieces are not.
    heard: Duration,
    spoken: Duration,
}

impl Tally {
    fn row(&mut self, role: UsageRole, provider: &Arc<str>) -> Option<&mut Row> {
        let same = |row: &Row| row.usage.role == role && row.provider == *provider;
        let place = match self.rows.iter().position(same) {
            Some(place) => place,
            None if self.rows.len() >= MOST_PROVIDERS => self.rows.len().saturating_sub(1),
            None => {
                self.rows.push(Row {
                    provider: provider.clone(),
                    usage: ProviderUsage::new(&**provider, role),
                    heard: Duration::ZERO,
                    spoken: Duration::ZERO,
                });
                self.rows.len().saturating_sub(1)
            }
        };
        self.rows.get_mut(place)
    }

    /// What was used of each provider, with what it costs.
    pub(crate) fn usage(&self, prices: &Prices) -> Vec<ProviderUsage> {
        let priced = |row: &Row| {
            let mut usage = row.usage.clone();
            usage.heard_ms = millis(row.heard);
            usage.spoken_ms = millis(row.spoken);
            if let Some(price) = prices.get(&*row.provider) {
                usage.cost_micros = Some(price.of(&usage));
                usage.currency = Some(price.currency.clone());
            }
            usage
        };
        self.rows.iter().map(priced).collect()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What all of it costs: the sum, if everything has a price, in one currency.
pub(crate) fn cost(usage: &[ProviderUsage]) -> Option<Cost> {
    let currency = usage.first()?.currency.as_ref()?;
    let micros = usage.iter().try_fold(0_u64, |sum, one| {
        let same = one.currency.as_ref() == Some(currency);
        Some(sum.saturating_add(one.cost_micros.filter(|_| same)?))
    })?;
    Some(Cost::new(micros, currency.as_str()))
}

/// Notes what one provider does for a call. Where one of several is at work, it is noted for that
/// one.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    call: Call,
    role: UsageRole,
    name: Arc<str>,
    at_work: AtWork,
}

impl Meter {
    pub(crate) fn new(call: &Call, role: UsageRole, name: &str, at_work: AtWork) -> Self {
        Self {
            call: call.clone(),
            role,
            name: name.into(),
            at_work,
        }
    }

    fn note(&self, note: impl FnOnce(&mut Row)) {
        let name = self.at_work.provider();
        let mut tally = self.call.session().tally();
        if let Some(row) = tally.row(self.role, name.as_ref().unwrap_or(&self.name)) {
            note(row);
        }
    }

    /// It was asked.
    pub(crate) fn asked(&self) {
        self.note(|row| add(&mut row.usage.requests, 1));
    }

    /// It has told what a reply cost.
    pub(crate) fn tokens(&self, usage: &Usage) {
        self.note(|row| {
            add(&mut row.usage.input_tokens, usage.input_tokens);
            add(&mut row.usage.cached_tokens, usage.cached_tokens);
            add(&mut row.usage.output_tokens, usage.output_tokens);
        });
    }

    /// It has not told what a reply cost.
    pub(crate) fn untold(&self) {
        self.note(|row| add(&mut row.usage.untold, 1));
    }

    /// It was given so much of the caller's audio.
    pub(crate) fn heard(&self, samples: usize, rate_hz: u32) {
        self.note(|row| row.heard = row.heard.saturating_add(lasts(samples, rate_hz)));
    }

    /// It has made so much audio.
    pub(crate) fn spoke(&self, audio: Duration) {
        self.note(|row| row.spoken = row.spoken.saturating_add(audio));
    }

    /// As above.
    pub(crate) fn spoke_samples(&self, samples: usize, rate_hz: u32) {
        self.spoke(lasts(samples, rate_hz));
    }

    /// The provider that was asked.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// It was given this to speak.
    pub(crate) fn text(&self, text: &str) {
        let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.note(|row| add(&mut row.usage.characters, characters));
    }
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// How long this many samples last.
fn lasts(samples: usize, rate_hz: u32) -> Duration {
    let nanos = u64::try_from(samples)
        .unwrap_or(u64::MAX)
        .saturating_mul(1_000_000_000);
    Duration::from_nanos(nanos.checked_div(u64::from(rate_hz)).unwrap_or_default())
}

/// Asks a model, and notes what it costs.
pub(crate) fn ask(
    call: &Call,
    model: &Arc<dyn LanguageModel>,
    request: ModelRequest,
) -> Parts<ReplyPart> {
    let mut parts = model.reply(request);
    let role = UsageRole::LanguageModel;
    let meter = Meter::new(call, role, model.name(), parts.at_work());
    let mut bill = Bill {
        meter,
        told: false,
        began: false,
        failed: false,
    };
    Parts::made_by(move |out| async move {
        while let Some(part) = parts.next().await {
            if let Ok(ReplyPart::Usage(usage)) = &part {
                bill.told = true;
                bill.meter.tokens(usage);
            }
            bill.began |= part.is_ok();
            bill.failed = part.is_err();
            if !out.send(part?).await {
                break;
            }
        }
        Ok(())
    })
}

/// What a reply costs, which it tells at its end, if it is read until then.
struct Bill {
    meter: Meter,
    told: bool,
    /// Some of it has come.
    began: bool,
    failed: bool,
}

impl Drop for Bill {
    fn drop(&mut self) {
        self.meter.asked();
        // One that is refused costs nothing; one that breaks off does.
        if !self.told && (self.began || !self.failed) {
            self.meter.untold();
        }
    }
}

/// Lets a voice speak. What it does is to be noted with the meter.
pub(crate) fn speak(
    call: &Call,
    voice: &Arc<dyn TextToSpeech>,
    texts: Feed<String>,
    line_hz: u32,
) -> (Parts<SpeechPart>, Meter) {
    let parts = voice.speak(texts, line_hz);
    let role = UsageRole::TextToSpeech;
    let meter = Meter::new(call, role, voice.name(), parts.at_work());
    meter.asked();
    (parts, meter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(change: impl FnOnce(&mut ProviderUsage)) -> ProviderUsage {
        let mut used = ProviderUsage::new("a", UsageRole::LanguageModel);
        change(&mut used);
        used
    }

    #[test]
    fn prices_are_exact_to_a_millionth() {
        let model = Price::in_currency("USD")
            .per_million_input_tokens(0.15)
            .per_million_cached_tokens(0.075)
            .per_million_output_tokens(0.6);
        let tokens = |input, cached, output| {
            used(|used| {
                used.input_tokens = input;
                used.cached_tokens = cached;
                used.output_tokens = output;
            })
        };
        assert_eq!(model.of(&tokens(1_000_000, 0, 0)), 150_000);
        assert_eq!(model.of(&tokens(1_000_000, 400_000, 0)), 120_000);
        assert_eq!(model.of(&tokens(0, 0, 1_000_000)), 600_000);
        // 0.15 + 1.2 millionths; halves are rounded up.
        assert_eq!(model.of(&tokens(1, 0, 2)), 1);
        assert_eq!(model.of(&tokens(0, 0, 2)), 1);
        assert_eq!(model.of(&tokens(10, 0, 0)), 2);
        // Nobody is paid for what a provider has told wrongly.
        assert_eq!(model.of(&tokens(10, 20, 0)), 1);
        let ears = Price::in_currency("USD").per_minute_heard(0.0043);
        assert_eq!(ears.of(&used(|used| used.heard_ms = 90_000)), 6_450);
        let voice = Price::in_currency("USD")
            .per_million_characters(15.0)
            .per_minute_spoken(0.015);
        let spoken = used(|used| {
            used.characters = 200;
            used.spoken_ms = 60_000;
        });
        assert_eq!(voice.of(&spoken), 3_000 + 15_000);
    }

    #[test]
    fn nothing_overflows() {
        let dear = Price::in_currency("USD")
            .per_million_input_tokens(f64::MAX)
            .per_minute_heard(f64::INFINITY);
        let most = used(|used| {
            used.input_tokens = u64::MAX;
            used.heard_ms = u64::MAX;
        });
        assert_eq!(dear.of(&most), u64::MAX);
        let odd = Price::in_currency("USD")
            .per_million_input_tokens(f64::NAN)
            .per_minute_heard(-3.0);
        assert_eq!(odd.of(&most), 0);
    }

    #[test]
    fn a_sum_needs_every_price_and_one_currency() {
        let priced = |micros, currency: &str| {
            used(|used| {
                used.cost_micros = Some(micros);
                used.currency = Some(currency.to_owned());
            })
        };
        assert_eq!(cost(&[]), None);
        let sum = cost(&[priced(1, "USD"), priced(2, "USD")]);
        assert_eq!(sum, Some(Cost::new(3, "USD")));
        assert_eq!(cost(&[priced(1, "USD"), priced(2, "EUR")]), None);
        assert_eq!(cost(&[priced(1, "USD"), used(|_| {})]), None);
        assert_eq!(cost(&[used(|_| {}), priced(1, "USD")]), None);
    }
}
