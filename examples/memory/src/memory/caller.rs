//! Who asks the memory system for something.

/// Somebody who was authenticated: a person, an API key acting for a person,
/// or the program itself.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who acts: `user:ID`, `api_key:ID` or `system`.
    pub actor: String,
    /// On whose behalf; nobody's for the program itself.
    pub user_id: Option<String>,
    /// The organisation whose knowledge bases are in reach.
    pub org_id: String,
    /// What the caller is and belongs to: `user:ID`, `group:NAME`, `role:NAME`.
    pub principals: Vec<String>,
}

impl Caller {
    pub(crate) fn user(id: &str, org_id: &str, memberships: &[&str]) -> Self {
        let own = format!("user:{id}");
        Caller {
            actor: own.clone(),
            user_id: Some(id.to_owned()),
            org_id: org_id.to_owned(),
            principals: memberships.iter().map(|held| (*held).to_owned()).chain([own]).collect(),
        }
    }

    pub(crate) fn api_key(key: &str, user: &str, org_id: &str) -> Self {
        Caller { actor: format!("api_key:{key}"), ..Caller::user(user, org_id, &[]) }
    }

    pub(crate) fn system(org_id: &str) -> Self {
        Caller {
            actor: "system".to_owned(),
            user_id: None,
            org_id: org_id.to_owned(),
            principals: vec!["role:admin".to_owned()],
        }
    }

    /// Whose entries the caller's new entries are.
    pub(crate) fn owner(&self) -> &str {
        self.user_id.as_deref().unwrap_or(&self.actor)
    }

    pub(crate) fn holds(&self, principal: &str) -> bool {
        self.principals.iter().any(|held| held == principal)
    }
}
